/**
 * Units of measured values. The code is what records carry: SenML's where its registry has one (RFC 8428 § 12.1, RFC 8798
 * and what IANA added since), else UCUM's, else our own. The symbol is for people. Further spellings are what devices
 * and Home Assistant write.
 */
interface MeasureUnit {
  readonly code: string;
  readonly symbol: string;
  readonly spellings?: readonly string[];
}

const table: readonly MeasureUnit[] = [
  // temperature, humidity, air
  { code: 'Cel', symbol: '°C', spellings: ['℃', 'C°', 'degC', 'celsius'] },
  { code: 'degF', symbol: '°F', spellings: ['℉', 'F°', 'fahrenheit'] },
  { code: 'K', symbol: 'K', spellings: ['kelvin'] },
  { code: '%RH', symbol: '%' },
  { code: '%EL', symbol: '%' },
  { code: '%', symbol: '%', spellings: ['percent', 'pct'] },
  { code: 'Pa', symbol: 'Pa' },
  { code: 'hPa', symbol: 'hPa', spellings: ['mbar', 'mBar', 'mb'] },
  { code: 'kPa', symbol: 'kPa' },
  { code: 'bar', symbol: 'bar' },
  { code: 'mmHg', symbol: 'mmHg' },
  { code: 'inHg', symbol: 'inHg' },
  { code: 'psi', symbol: 'psi', spellings: ['PSI'] },
  { code: 'ppm', symbol: 'ppm', spellings: ['PPM'] },
  { code: 'ppb', symbol: 'ppb', spellings: ['PPB'] },
  { code: 'ug/m3', symbol: 'µg/m³', spellings: ['μg/m³', 'ug/m³', 'µg/m3', 'μg/m3'] },
  { code: 'mg/m3', symbol: 'mg/m³', spellings: ['mg/m³'] },
  { code: 'g/m3', symbol: 'g/m³', spellings: ['g/m³'] },
  { code: '1/dl', symbol: '1/0.1L', spellings: ['#/0.1L'] },
  { code: '1/cm3', symbol: '1/cm³', spellings: ['#/cm³', '#/cm3', '1/cm³'] },
  // electricity and energy
  { code: 'V', symbol: 'V' },
  { code: 'mV', symbol: 'mV' },
  { code: 'kV', symbol: 'kV' },
  { code: 'A', symbol: 'A' },
  { code: 'mA', symbol: 'mA' },
  { code: 'uA', symbol: 'µA', spellings: ['μA'] },
  { code: 'W', symbol: 'W' },
  { code: 'mW', symbol: 'mW' },
  { code: 'kW', symbol: 'kW' },
  { code: 'MW', symbol: 'MW' },
  { code: 'VA', symbol: 'VA' },
  { code: 'kVA', symbol: 'kVA' },
  { code: 'var', symbol: 'var', spellings: ['VAr', 'VAR'] },
  { code: 'kvar', symbol: 'kvar', spellings: ['kVAr', 'kVAR'] },
  { code: 'J', symbol: 'J' },
  { code: 'MJ', symbol: 'MJ' },
  { code: 'GJ', symbol: 'GJ' },
  { code: 'Gcal', symbol: 'Gcal' },
  { code: 'Gcal/h', symbol: 'Gcal/h' },
  { code: 'Wh', symbol: 'Wh' },
  { code: 'kWh', symbol: 'kWh', spellings: ['KWh', 'kwh'] },
  { code: 'MWh', symbol: 'MWh' },
  { code: 'Wmin', symbol: 'W·min', spellings: ['Watt-minute'] },
  { code: 'varh', symbol: 'varh', spellings: ['VArh'] },
  { code: 'kvarh', symbol: 'kvarh', spellings: ['kVArh'] },
  { code: 'VAh', symbol: 'VAh' },
  { code: 'kVAh', symbol: 'kVAh' },
  { code: 'Ah', symbol: 'Ah' },
  { code: 'mAh', symbol: 'mAh' },
  { code: 'Ohm', symbol: 'Ω', spellings: ['Ω', 'ohm'] },
  { code: 'kOhm', symbol: 'kΩ', spellings: ['kΩ', 'kohm'] },
  { code: 'Hz', symbol: 'Hz' },
  { code: 'kHz', symbol: 'kHz' },
  { code: 'MHz', symbol: 'MHz' },
  { code: 'uS/cm', symbol: 'µS/cm', spellings: ['μS/cm'] },
  { code: 'mS/cm', symbol: 'mS/cm' },
  { code: 'S/m', symbol: 'S/m' },
  // light, sound, radio
  { code: 'lx', symbol: 'lx', spellings: ['lux', 'Lux'] },
  { code: 'lm', symbol: 'lm' },
  { code: 'cd', symbol: 'cd' },
  { code: 'W/m2', symbol: 'W/m²', spellings: ['w/m2', 'w/m²'] },
  { code: 'mired', symbol: 'mired', spellings: ['mireds'] },
  { code: 'UVI', symbol: 'UV index', spellings: ['UV index'] },
  { code: 'dB', symbol: 'dB', spellings: ['dBA', 'dB(A)'] },
  { code: 'dBm', symbol: 'dBm', spellings: ['dbm'] },
  { code: 'Bspl', symbol: 'Bspl' },
  { code: 'lqi', symbol: 'lqi' },
  // length, area, volume, flow, mass
  { code: 'm', symbol: 'm' },
  { code: 'mm', symbol: 'mm' },
  { code: 'um', symbol: 'µm', spellings: ['μm'] },
  { code: 'cm', symbol: 'cm' },
  { code: 'km', symbol: 'km' },
  { code: '[in_i]', symbol: 'in', spellings: ['inch', 'inches', '"'] },
  { code: '[ft_i]', symbol: 'ft', spellings: ['feet'] },
  { code: '[mi_i]', symbol: 'mi', spellings: ['miles'] },
  { code: 'nmi', symbol: 'nmi', spellings: ['NM'] },
  { code: 'm2', symbol: 'm²' },
  { code: 'm3', symbol: 'm³' },
  { code: 'l', symbol: 'L' },
  { code: 'ml', symbol: 'mL' },
  { code: '[gal_us]', symbol: 'gal' },
  { code: 'm3/h', symbol: 'm³/h' },
  { code: 'm3/s', symbol: 'm³/s' },
  { code: 'l/s', symbol: 'L/s' },
  { code: 'l/min', symbol: 'L/min' },
  { code: 'l/h', symbol: 'L/h' },
  { code: 'mm/h', symbol: 'mm/h' },
  { code: '[in_i]/h', symbol: 'in/h' },
  { code: 'g', symbol: 'g' },
  { code: 'kg', symbol: 'kg' },
  { code: 'mg/l', symbol: 'mg/L' },
  { code: 'mg/kg', symbol: 'mg/kg' },
  { code: 'NTU', symbol: 'NTU' },
  { code: 'pH', symbol: 'pH' },
  // motion and direction
  { code: 'm/s', symbol: 'm/s' },
  { code: 'km/h', symbol: 'km/h', spellings: ['kmh', 'kph'] },
  { code: '[mi_i]/h', symbol: 'mph', spellings: ['mi/h'] },
  { code: 'kn', symbol: 'kn', spellings: ['kt', 'kts', 'knots'] },
  { code: 'm/s2', symbol: 'm/s²' },
  { code: 'gn', symbol: 'g₀' },
  { code: 'deg', symbol: '°', spellings: ['degrees', 'degree'] },
  { code: 'deg/s', symbol: '°/s' },
  { code: 'rad', symbol: 'rad' },
  { code: 'lat', symbol: '°' },
  { code: 'lon', symbol: '°' },
  { code: 'T', symbol: 'T' },
  { code: 'uT', symbol: 'µT', spellings: ['μT'] },
  { code: 'mT', symbol: 'mT' },
  { code: '1/min', symbol: '1/min', spellings: ['rpm', 'RPM', 'r/min'] },
  { code: '1/s', symbol: '1/s' },
  { code: 'N', symbol: 'N' },
  // time and data
  { code: 's', symbol: 's', spellings: ['sec', 'secs', 'seconds'] },
  { code: 'ms', symbol: 'ms', spellings: ['msec'] },
  { code: 'us', symbol: 'µs', spellings: ['μs'] },
  { code: 'min', symbol: 'min', spellings: ['minutes'] },
  { code: 'h', symbol: 'h', spellings: ['hours', 'hrs'] },
  { code: 'd', symbol: 'd', spellings: ['days'] },
  { code: 'bit', symbol: 'bit' },
  { code: 'B', symbol: 'B' },
  { code: 'kB', symbol: 'kB', spellings: ['KB'] },
  { code: 'KiB', symbol: 'KiB' },
  { code: 'MB', symbol: 'MB' },
  { code: 'MiB', symbol: 'MiB' },
  { code: 'GB', symbol: 'GB' },
  { code: 'bit/s', symbol: 'bit/s', spellings: ['bps'] },
  { code: 'kbit/s', symbol: 'kbit/s', spellings: ['kbps'] },
  { code: 'Mbit/s', symbol: 'Mbit/s', spellings: ['Mbps'] },
  { code: 'B/s', symbol: 'B/s' },
  { code: 'MB/s', symbol: 'MB/s' },
  // radiation, counts, ratios, the body
  { code: 'Bq', symbol: 'Bq' },
  { code: 'Bq/m3', symbol: 'Bq/m³' },
  { code: 'uSv/h', symbol: 'µSv/h', spellings: ['μSv/h'] },
  { code: 'count', symbol: 'count', spellings: ['counts'] },
  { code: '/', symbol: '' },
  { code: 'beat/min', symbol: 'bpm', spellings: ['BPM'] },
];

const byCode = new Map(table.map((unit) => [unit.code, unit]));
const bySpelling = new Map<string, string>();
// Codes win over symbols, and the first of several units with one symbol is not meant by it: a bare "%" is no humidity.
for (const { code, symbol, spellings = [] } of table) {
  for (const text of [symbol, ...spellings]) if (text !== '' && !byCode.has(text)) bySpelling.set(text, code);
}
bySpelling.set('°', 'deg');

/** What people read: `°C` for `Cel`; a code that is not in the table, as it is. */
export function unitSymbol(code: string): string {
  return byCode.get(code)?.symbol ?? code;
}

/** The code of a unit as a device writes it (`°C` → `Cel`); what is not known, trimmed, as it is; empty: undefined. */
export function unitOf(text: string): string | undefined {
  const trimmed = text.trim();
  if (trimmed === '' || byCode.has(trimmed)) return trimmed === '' ? undefined : trimmed;
  return bySpelling.get(trimmed) ?? trimmed;
}

/** Every code of the table: what a profile may name as `unit`. */
export const unitCodes: readonly string[] = table.map(({ code }) => code);

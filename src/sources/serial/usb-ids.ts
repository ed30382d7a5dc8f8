/** What a USB device says of itself. */
export interface UsbIds {
  /** Four hexadecimal digits each. */
  readonly vendor: string;
  readonly product: string;
  readonly manufacturer: string | null;
  /** The product's name. */
  readonly name: string | null;
  readonly serialNumber: string | null;
}

/** What follows from that. */
export interface UsbMeaning {
  /** What kind of chip or board it is; null: nothing is known. */
  readonly adapter: string | null;
  /** Profiles that may be the right one, with the reason. */
  readonly suggestions: readonly { readonly profile: string; readonly reason: string }[];
}

/** By vendor and product, or by vendor alone. A chip of the shelf tells nothing of what is connected to it. */
const adapters: Readonly<Record<string, string>> = {
  '0403:6001': 'FTDI FT232R',
  '0403:6010': 'FTDI FT2232',
  '0403:6011': 'FTDI FT4232',
  '0403:6014': 'FTDI FT232H',
  '0403:6015': 'FTDI FT-X',
  '067b:2303': 'Prolific PL2303',
  '10c4:ea60': 'Silicon Labs CP210x',
  '10c4:ea70': 'Silicon Labs CP2105',
  '1546': 'u-blox receiver',
  '1a86:5523': 'WCH CH341',
  '1a86:55d3': 'WCH CH343',
  '1a86:55d4': 'WCH CH9102',
  '1a86:7523': 'WCH CH340',
  '2341': 'Arduino',
  '239a': 'Adafruit board',
  '2a03': 'Arduino',
  '2e8a': 'Raspberry Pi Pico',
  '303a': 'Espressif chip',
};

/** What names of products tell. */
const hints: readonly (readonly [pattern: RegExp, profile: string])[] = [
  [/\bu-blox\b|\bg(?:ps|nss)\b/i, 'nmea/nmea-0183'],
  [/\barduino\b/i, 'arduino/json-lines'],
  [/\bve[. ]?direct\b/i, 'victron/ve-direct'],
  [/\bp1\b/i, 'dsmr/p1'],
];

export function usbMeaning(usb: UsbIds | null): UsbMeaning {
  if (usb === null) return { adapter: null, suggestions: [] };
  const adapter = adapters[`${usb.vendor}:${usb.product}`] ?? adapters[usb.vendor] ?? null;
  const said = [adapter, usb.manufacturer, usb.name].filter((one) => one !== null);
  const suggestions = hints.flatMap(([pattern, profile]) => {
    const by = said.find((one) => pattern.test(one));
    return by === undefined ? [] : [{ profile, reason: `its USB device is ${by}` }];
  });
  return { adapter, suggestions };
}

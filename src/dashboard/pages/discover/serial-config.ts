// What has to stand in the configuration for a serial port to be read from.

/** A port that is to be read from. */
export interface NewPort {
  readonly name: string;
  readonly path: string;
  readonly profile: string;
  /** As it was heard; undefined: as the profile says. */
  readonly line: { readonly baud: number; readonly format: string } | undefined;
  /** The unit that answered on a Modbus bus; undefined: it is none. */
  readonly modbusUnit: number | undefined;
}

/** The key of the configuration whose list it belongs to. */
export function keyOf({ modbusUnit }: Pick<NewPort, 'modbusUnit'>): 'serial.ports' | 'modbus.buses' {
  return modbusUnit === undefined ? 'serial.ports' : 'modbus.buses';
}

export function itemOf({ name, path, profile, line, modbusUnit }: NewPort): Readonly<Record<string, unknown>> {
  if (modbusUnit === undefined) return { name, path, profile, ...line };
  return { name, path, ...line, units: [{ unit: modbusUnit, profile }] };
}

/** The same for people who keep the configuration in a file: YAML. */
export function snippetOf(port: NewPort): string {
  const [part, list] = keyOf(port).split('.');
  // JSON is YAML too, and needs no rules for quotes.
  const lines = Object.entries(itemOf(port)).map(([key, value]) => `${key}: ${JSON.stringify(value)}`);
  return `${part}:\n  ${list}:\n    - ${lines.join('\n      ')}`;
}

/** The change that adds it to the list of now. */
export function patchOf(port: NewPort, now: unknown): object {
  const [part = '', list = ''] = keyOf(port).split('.');
  return { [part]: { [list]: [...(Array.isArray(now) ? now : []), itemOf(port)] } };
}

/** A name for it that is not taken. @param now the list of now */
export function nameFor(profile: string, now: unknown): string {
  const taken = new Set(Array.isArray(now) ? now.map((one) => String((one as { name?: unknown } | null)?.name)) : []);
  const base = (profile.split('/')[1] ?? profile).replace(/[^A-Za-z0-9._-]/g, '-');
  let name = base;
  for (let n = 2; taken.has(name); n++) name = `${base}-${n}`;
  return name;
}

export function isPortName(text: string): boolean {
  return /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(text);
}

/** Bytes as editors for them show them. @param hex digits, two for each byte */
export function dump(hex: string, most = 6): string {
  const lines: string[] = [];
  for (let at = 0; at < hex.length && lines.length < most; at += 32) {
    const pairs = hex.slice(at, at + 32).match(/../g) ?? [];
    const text = pairs.map((pair) => {
      const code = Number.parseInt(pair, 16);
      return code >= 0x20 && code < 0x7f ? String.fromCharCode(code) : '.';
    });
    lines.push(`${pairs.join(' ').padEnd(48)} ${text.join('')}`);
  }
  return lines.join('\n');
}

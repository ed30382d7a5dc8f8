import type { OptionProblem } from '../../lib/option-types.ts';
import type { SerialPortOptions } from './options.ts';

/** What is wrong with the ports although each has the right form. What the schema refused is absent. */
export function serialFaults({
  ports = [],
}: {
  readonly ports?: readonly (Partial<SerialPortOptions> | undefined)[];
}): OptionProblem[] {
  return (['name', 'path'] as const).flatMap((key) => {
    const seen = new Set<string>();
    return ports.flatMap((port, index) => {
      const value = port?.[key];
      if (value === undefined) return [];
      if (!seen.has(value)) {
        seen.add(value);
        return [];
      }
      const message = `is ${JSON.stringify(value)}, as is that of a port before it; each port has its own.`;
      return [{ path: ['ports', index, key], message }];
    });
  });
}

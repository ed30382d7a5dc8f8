/** In which values are shown; they are kept and sent as devices measure them. */
export type Units = 'metric' | 'imperial';

interface Conversion {
  readonly unit: string;
  readonly of: (value: number) => number;
}

const times = (unit: string, factor: number): Conversion => ({ unit, of: (value) => value * factor });

const imperial: Readonly<Record<string, Conversion>> = {
  '°C': { unit: '°F', of: (value) => value * 1.8 + 32 },
  'km/h': times('mph', 0.621371),
  'm/s': times('mph', 2.236936),
  km: times('mi', 0.621371),
  m: times('ft', 3.28084),
  cm: times('in', 0.3937008),
  mm: times('in', 0.03937008),
  kg: times('lb', 2.204623),
  L: times('gal', 0.2641721),
  l: times('gal', 0.2641721),
  hPa: times('inHg', 0.02952998),
};

/** A value and its unit as they are shown. What has no other unit stays as it is. */
export function inUnits(value: number, unit: string, units: Units): { readonly value: number; readonly unit: string } {
  const conversion = units === 'imperial' && Object.hasOwn(imperial, unit) ? imperial[unit] : undefined;
  if (conversion === undefined) return { value, unit };
  // As many digits as before mean something, and one more for the finer step.
  return { value: Number(conversion.of(value).toPrecision(6)), unit: conversion.unit };
}

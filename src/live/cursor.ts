/** A place in the feed of one run of the gateway, as it is given out: `<epoch>-<number>`. */
export function cursorOf(epoch: string, number: number): string {
  return `${epoch}-${number}`;
}

/** @returns undefined for what never was a cursor */
export function parseCursor(text: string): { readonly epoch: string; readonly number: number } | undefined {
  const found = /^([0-9a-z]{1,32})-(\d{1,15})$/.exec(text);
  return found === null ? undefined : { epoch: found[1]!, number: Number(found[2]) };
}

/**
 * What a UART reads of a line on which somebody sends at another speed: bytes with one start and one stop bit, sampled in the
 * middle of each bit as the reader counts it. A stop bit that is none does not keep the byte from being told, as Linux has it unless asked.
 */
export function misread(sent: Uint8Array, sentBaud: number, readBaud: number): Buffer {
  const levels: boolean[] = [true, true];
  for (const byte of sent) {
    levels.push(false);
    for (let bit = 0; bit < 8; bit++) levels.push(((byte >> bit) & 1) === 1);
    levels.push(true);
  }
  const bitsPerBit = sentBaud / readBaud;
  const levelAt = (time: number): boolean => levels[Math.floor(time)] ?? true;
  const read: number[] = [];
  // In bits of the sender. The line is looked at sixteen times a bit of the reader's, as usual.
  for (let time = 1; time < levels.length; ) {
    if (levelAt(time)) {
      time += bitsPerBit / 16;
      continue;
    }
    let byte = 0;
    for (let bit = 0; bit < 8; bit++) if (levelAt(time + (1.5 + bit) * bitsPerBit)) byte |= 1 << bit;
    read.push(byte);
    time += 9.5 * bitsPerBit;
    // After a break the line has to rise before another byte can begin.
    while (time < levels.length && !levelAt(time)) time += bitsPerBit / 16;
  }
  return Buffer.from(read);
}

import type { UpdateState } from '../appliance/update.ts';
import { printable } from './table.ts';

/** So much more has to be there for another line. */
const everyPercent = 10;
const everyBytes = 16 * 1024 ** 2;

/** Turns states of an update into lines for a terminal; undefined: it is not worth another one. */
export function updateLines(): (state: UpdateState) => string | undefined {
  let step = '';
  let told = 0;
  return (state) => {
    const isNew = state.step !== step;
    step = state.step;
    if (isNew) told = 0;
    switch (state.step) {
      case 'receiving': {
        const { bytes, totalBytes } = state;
        if (bytes === 0 || (!isNew && bytes - told < everyBytes && bytes !== totalBytes)) return undefined;
        told = bytes;
        return `Downloading: ${megabytes(bytes)}${totalBytes === null ? '' : ` of ${megabytes(totalBytes)}`}`;
      }
      case 'verifying':
        return isNew ? 'Checking the signature.' : undefined;
      case 'installing': {
        const { percent, version, isOlder } = state;
        if (isNew) return `Installing ${printable(version)}${isOlder ? ', which is older than what runs' : ''}.`;
        if (percent - told < everyPercent) return undefined;
        told = percent;
        return `Installing: ${percent}%`;
      }
      case 'installed':
        return `${printable(state.version)} is installed. It runs from the machine's next start on; if it does not work, the machine goes back by itself.`;
      case 'idle':
      case 'failed':
        return undefined;
    }
  };
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(0)} MB`;
}

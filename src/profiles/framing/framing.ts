import { BinaryFrames } from './binary-frame.ts';
import type { Cutter } from './cut.ts';
import { cobsCutter, linesCutter, slipCutter } from './delimited.ts';
import { Framer } from './framer.ts';
import { FirmataMessages, MeshtasticPackets, NmeaSentences, SilentGaps } from './messages.ts';
import type { FramingOptions } from './options.ts';
import { SmlFiles } from './sml.ts';
import { Telegrams } from './telegram.ts';

/** The largest frame of each kind, in bytes, unless `max` says otherwise. Meshtastic's protocol has its own limit. */
const usualMax: Readonly<Record<FramingOptions['kind'], number>> = {
  lines: 8192,
  slip: 4096,
  cobs: 4096,
  frame: 1024,
  telegram: 16_384,
  sml: 8192,
  nmea: 256,
  meshtastic: 516,
  firmata: 1024,
  silence: 1024,
};

/**
 * A framer for one stream.
 * @param isMidstream the stream may begin in the middle of a frame, as that of a port that was just opened does: kinds that could
 * not tell the rest of one from a whole one discard what comes before the first boundary, or the first silence
 */
export function createFramer(options: FramingOptions, isMidstream = false): Framer {
  return new Framer(cutterOf(options, options.max ?? usualMax[options.kind], isMidstream));
}

function cutterOf(options: FramingOptions, max: number, isMidstream: boolean): Cutter {
  switch (options.kind) {
    case 'lines':
      return linesCutter(max, isMidstream, options.end);
    case 'slip':
      return slipCutter(max, isMidstream, options.checksum);
    case 'cobs':
      return cobsCutter(max, isMidstream, options.checksum);
    case 'frame':
      return new BinaryFrames(options, options.size ?? max);
    case 'telegram':
      return new Telegrams(max, options.partial ?? false);
    case 'sml':
      return new SmlFiles(max);
    case 'nmea':
      return new NmeaSentences(max);
    case 'meshtastic':
      return new MeshtasticPackets();
    case 'firmata':
      return new FirmataMessages(max);
    case 'silence':
      return new SilentGaps(max);
  }
}

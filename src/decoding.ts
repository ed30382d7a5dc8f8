import type { Heard } from './core/decoded.ts';
import type { Shelf } from './core/shelf.ts';
import type { Clock } from './core/time.ts';
import type { Log } from './lib/log.ts';
import { type Decoder, ProfileDecoder, profilesFor } from './profiles/decoder.ts';
import { compiledIn, type Library } from './profiles/library.ts';
import type { DecodeOptions } from './profiles/options.ts';
import { Lessons } from './registry/lessons.ts';

export interface DecodingDependencies {
  readonly options: DecodeOptions;
  readonly shelf: Shelf;
  readonly clock: Clock;
  /** The log of a part. */
  readonly log: (part: string) => Log;
}

/** What messages mean: the second half of the composition root, with profiles, their decoder and what it remembers. */
export class Decoding {
  readonly library: Library;
  readonly decoder: ProfileDecoder;
  readonly lessons: Lessons;

  /** @throws {HeadgateError} config.unreadable when a directory of profiles can't be read */
  constructor({ options, shelf, clock, log }: DecodingDependencies) {
    this.library = profilesFor(options);
    for (const error of this.library.errors) log('profiles').warn({ error }, 'A profile is left out: it is wrong.');
    this.decoder = new ProfileDecoder({ options, profiles: compiledIn(this.library) });
    this.lessons = new Lessons({
      shelf,
      teach: (message) => this.decode(message, clock.now()),
      monotonic: clock.monotonic,
      log: log('registry'),
    });
  }

  readonly decode: Decoder = (message, receivedAtMs) => this.decoder.decode(message, receivedAtMs);

  readonly heard: Heard = (decoded, message) => {
    if (decoded.isLesson) this.lessons.learnt(message);
  };
}

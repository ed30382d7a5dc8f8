import { HeadgateError } from '../core/errors.ts';
import type { Shelf } from '../core/shelf.ts';
import { fieldsOf, oneOf, plainText } from './given.ts';

/** A field of a device that somebody wants to see first. */
export interface Pin {
  readonly device: string;
  readonly field: string;
  /** `room=3,rack=b`: of which series; empty: the one without. */
  readonly tags: string;
}

/** How one person wants the pages to be. */
export interface Preferences {
  /** `system`: as the browser's. */
  readonly theme: 'system' | 'light' | 'dark';
  /** A language tag (BCP 47); null: the browser's. */
  readonly language: string | null;
  /** Null: the gateway's. */
  readonly units: 'metric' | 'imperial' | null;
  /** Whose time zone times are shown in. */
  readonly timeZone: 'gateway' | 'browser';
  /** Whether single keys do something. */
  readonly shortcuts: boolean;
  /** In the order in which they are shown; empty: the pages choose. */
  readonly pinned: readonly Pin[];
  /** What pages remember beside: up to 2,000 characters as JSON. */
  readonly pages: Readonly<Record<string, unknown>>;
}

const space = 'first-run.preferences';
const maxPins = 24;
const maxPagesLength = 2_000;
const maxId = 1_000;

export const usualPreferences: Preferences = {
  theme: 'system',
  language: null,
  units: null,
  timeZone: 'gateway',
  shortcuts: true,
  pinned: [],
  pages: {},
};

export interface PreferencesDependencies {
  readonly shelf: Shelf;
  /** Whether somebody with this id may still come. */
  readonly isKnown: (id: string) => boolean;
}

/** Everybody's preferences, by the id of whoever they are of. */
export class PreferenceBook {
  readonly #deps: PreferencesDependencies;
  readonly #byId = new Map<string, Preferences>();

  constructor(deps: PreferencesDependencies) {
    this.#deps = deps;
  }

  /** @throws {HeadgateError} buffer.failed when the shelf can't be read */
  async load(): Promise<void> {
    for (const [id, value] of await this.#deps.shelf.entries(space)) {
      try {
        this.#byId.set(id, preferencesIn(JSON.parse(Buffer.from(value).toString())));
      } catch {
        // Of another version, or damaged: the usual ones hold until somebody chooses again.
      }
    }
  }

  of(id: string): Preferences {
    return this.#byId.get(id) ?? usualPreferences;
  }

  /** What is left out is as usual. Durable when it resolves. @throws {HeadgateError} request.invalid, buffer.failed */
  async put(id: string, body: unknown): Promise<Preferences> {
    const { shelf } = this.#deps;
    const preferences = preferencesIn(body);
    if (!this.#byId.has(id)) this.#forgetOthers();
    this.#byId.set(id, preferences);
    shelf.put(space, id, Buffer.from(JSON.stringify(preferences)));
    await shelf.saved();
    return preferences;
  }

  /** Of people who are gone: so there are never more than accounts. */
  #forgetOthers(): void {
    for (const id of this.#byId.keys()) {
      if (this.#deps.isKnown(id)) continue;
      this.#byId.delete(id);
      this.#deps.shelf.delete(space, id);
    }
  }
}

/** @throws {HeadgateError} request.invalid */
export function preferencesIn(body: unknown): Preferences {
  const given = fieldsOf(body, Object.keys(usualPreferences));
  const usual = usualPreferences;
  const { language = usual.language, pinned = usual.pinned, pages = usual.pages, units = usual.units } = given;
  if (language !== null && !(typeof language === 'string' && /^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8}){0,4}$/.test(language)))
    throw invalid('`language` must be a language tag such as `de` or `pt-BR`, or null.');
  if (typeof (given.shortcuts ?? true) !== 'boolean') throw invalid('`shortcuts` must be true or false.');
  if (!Array.isArray(pinned) || pinned.length > maxPins)
    throw invalid(`\`pinned\` must be a list of at most ${maxPins} fields.`);
  const isObject = typeof pages === 'object' && pages !== null && !Array.isArray(pages);
  if (!isObject || JSON.stringify(pages).length > maxPagesLength)
    throw invalid(`\`pages\` must be an object that takes at most ${maxPagesLength} characters.`);
  return {
    theme: oneOf('theme', given.theme ?? usual.theme, ['system', 'light', 'dark']),
    language,
    units: units === null ? null : oneOf('units', units, ['metric', 'imperial']),
    timeZone: oneOf('timeZone', given.timeZone ?? usual.timeZone, ['gateway', 'browser']),
    shortcuts: (given.shortcuts as boolean | undefined) ?? usual.shortcuts,
    pinned: pinned.map(pinOf),
    pages: pages as Preferences['pages'],
  };
}

function pinOf(one: unknown): Pin {
  const { device, field, tags = '' } = fieldsOf(one, ['device', 'field', 'tags']);
  return {
    device: plainText('device', device, maxId),
    field: plainText('field', field, maxId),
    tags: tags === '' ? '' : plainText('tags', tags, maxId),
  };
}

const invalid = (sentence: string): HeadgateError => new HeadgateError('request.invalid', sentence);

import manifest from '../package.json' with { type: 'json' };

/** This Headgate's version, as in package.json. */
export const version: string = manifest.version;

/** How this software names itself to others. */
export const agent = `headgate/${version}`;

import { join, resolve } from 'node:path';
import { messageOf } from '../core/errors.ts';
import { readIfThere, removeFile, writePrivateFile } from '../lib/private-file.ts';
import { writeSettings } from './settings.ts';

/**
 * Settings that hold after a restart only, and may be wrong in a way that nobody can tell before: a port that is taken, an address
 * that nobody reaches.
 *
 * `waiting`: they hold from the next start on. `running`: this run was started with them, and nobody has confirmed them yet; if
 * the process ends before, the next start puts back what was. `taken-back`: that has happened; it is kept for people to see.
 */
export type SettingsTrialState = 'waiting' | 'running' | 'taken-back';

/** What a trial is about, as it lies in `settings-trial.json` of the data directory. */
export interface SettingsTrial {
  readonly state: SettingsTrialState;
  /** The settings of before, YAML. */
  readonly before: string;
  /** Keys that were changed. */
  readonly keys: readonly string[];
  /** Why they were taken back; empty: they were not. */
  readonly reason: string;
}

const what = 'What is known of settings on trial';

function trialPath(dataDir: string): string {
  return join(resolve(dataDir), 'settings-trial.json');
}

/** Undefined: nothing is on trial, or the disk does not tell any more what is: no reason for a gateway to stand still. */
export function readTrial(dataDir: string): SettingsTrial | undefined {
  try {
    return trialIn(readIfThere(trialPath(dataDir)));
  } catch {
    // What could be done about it is told where it is noted.
    return undefined;
  }
}

function trialIn(text: string | undefined): SettingsTrial | undefined {
  if (text === undefined) return undefined;
  try {
    const { state, before, keys, reason } = JSON.parse(text) as Partial<SettingsTrial>;
    const isRight = typeof state === 'string' && typeof before === 'string' && Array.isArray(keys);
    return isRight ? { state, before, keys: keys.map(String), reason: String(reason ?? '') } : undefined;
  } catch {
    // Written by something else: there is nothing to go back to.
    return undefined;
  }
}

/** Notes a trial durably. @throws {HeadgateError} data.unwritable */
export function noteTrial(dataDir: string, trial: SettingsTrial): void {
  writePrivateFile(trialPath(dataDir), JSON.stringify(trial), what);
}

/** The settings are to stay, or there are none any more to be tried. @throws {HeadgateError} data.unwritable */
export function endTrial(dataDir: string): void {
  removeFile(trialPath(dataDir));
}

/**
 * Puts back the settings of before. They hold after a restart.
 * @param reason the end of a sentence
 * @throws {HeadgateError} data.unwritable
 */
export function takeBack(dataDir: string, trial: SettingsTrial, reason: string): void {
  // In this order: a power cut in between has the next start do it again.
  writeSettings(dataDir, trial.before);
  noteTrial(dataDir, { ...trial, state: 'taken-back', reason });
}

/**
 * Before a start: settings that wait begin their trial, and those that the last run did not get confirmed are taken back.
 * @returns why nothing could be done about them, when that is so
 */
export function beginTrial(dataDir: string): string | undefined {
  try {
    const trial = trialIn(readIfThere(trialPath(dataDir)));
    if (trial?.state === 'running') takeBack(dataDir, trial, 'the gateway ended before they were confirmed');
    if (trial?.state === 'waiting') noteTrial(dataDir, { ...trial, state: 'running' });
    return undefined;
  } catch (error) {
    return messageOf(error);
  }
}

/** A start has failed with settings that were on trial: they are taken back. @returns their keys; none: it was not their fault */
export function failTrial(dataDir: string, reason: string): readonly string[] {
  try {
    const trial = readTrial(dataDir);
    if (trial?.state !== 'running') return [];
    takeBack(dataDir, trial, `the gateway did not start with them: ${reason}`);
    return trial.keys;
  } catch {
    // The disk is what the start has failed with; the next start takes them back.
    return [];
  }
}

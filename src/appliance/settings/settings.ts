import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { passwordFault } from '../../auth/login.ts';
import { passwordText } from '../../auth/password-text.ts';
import { Passwords } from '../../auth/passwords.ts';
import { messageOf } from '../../core/errors.ts';
import { removeFile, writePrivateFile } from '../../lib/private-file.ts';
import { yaml } from '../../lib/settings/yaml.ts';
import { parseConfigText } from '../../lib/settings/yaml-file.ts';
import { applyPlan, type Hands } from './apply.ts';
import type { Judge, Trouble } from './given.ts';
import type { Settings } from './options.ts';
import { withHash } from './password-line.ts';
import type { SettingsPlaces } from './places.ts';
import { type Plan, planOf } from './plan.ts';
import { type Problems, problemsOf, problemsText } from './problems.ts';
import { holding, readTexts, settingsFile, type Texts } from './texts.ts';

/** Writes a file of the boot partition, which may be mounted read-only, or removes it where the text is undefined. */
export type WriteBootFile = (name: string, text: string | undefined) => string | undefined;

export interface SettingsDependencies {
  readonly places: SettingsPlaces;
  readonly judge: Judge;
  readonly hands: Hands;
  readonly writeBootFile: WriteBootFile;
  readonly passwords?: Passwords;
}

export interface SettingsOutcome extends Problems {
  readonly plan: Plan;
}

const problemsFile = 'headgate-problems.txt';

/**
 * Reads what was set for this machine and makes it so. Never throws for what somebody has written, nor for a partition that is not
 * there or can't be written: what can be done is done, and the rest is told everywhere where somebody may look.
 */
export async function setUpMachine(deps: SettingsDependencies): Promise<SettingsOutcome> {
  const { places, judge, hands, writeBootFile, passwords = new Passwords() } = deps;
  const keptAt = join(places.root, places.lasting, 'settings');
  const read = readTexts(places.boot);
  const found = holding(read, readTexts(keptAt).texts, judge);
  const hashed = await withHashedPassword(found.settings, found.texts, passwords, writeBootFile);
  const troubles: Trouble[] = [...found.troubles, ...hashed.troubles];

  const base = parseConfigText(readFileSync(places.base, 'utf8'), places.base).value;
  const plan = planOf(hashed.settings, base, (value) => yaml().stringify(value));
  const failures = applyPlan(plan, { root: places.root, lasting: places.lasting }, hands);
  troubles.push(...failures.map((text) => ({ kind: 'problem', text }) as const));

  const isAllRight = !troubles.some(({ kind }) => kind === 'problem');
  if (isAllRight && read.texts !== undefined) {
    const failure = keep(hashed.texts, keptAt);
    if (failure !== undefined) troubles.push({ kind: 'problem', text: failure });
  }
  const problems = problemsOf(troubles);
  if (read.texts !== undefined) tellOnBoot(problems, places.boot, writeBootFile);
  tellHere(problems, join(places.root, places.state));
  return { ...problems, plan };
}

async function withHashedPassword(
  settings: Settings,
  texts: Texts,
  passwords: Passwords,
  writeBootFile: WriteBootFile,
): Promise<{ settings: Settings; texts: Texts; troubles: Trouble[] }> {
  const { password, name = 'admin', passwordHash } = settings.admin ?? {};
  if (password === undefined || passwordHash !== undefined) return { settings, texts, troubles: [] };
  const fault = passwordFault(password, name);
  if (fault !== undefined) {
    const text = `${settingsFile}: \`admin.password\`: ${fault} Nobody was made.`;
    return { settings, texts, troubles: [{ kind: 'problem', text }] };
  }
  const hash = passwordText(await passwords.hash(password));
  const done = { ...settings, admin: { name, passwordHash: hash } };
  const text = withHash(texts[settingsFile] ?? '', hash);
  if (text === undefined) return { settings: done, texts, troubles: [] };
  const failure = writeBootFile(settingsFile, text);
  const troubles: Trouble[] =
    failure === undefined
      ? []
      : [
          {
            kind: 'problem',
            text: `${settingsFile}: The password still stands there, as its hash could not be put in its place: ${failure}.`,
          },
        ];
  return { settings: done, texts: { ...texts, [settingsFile]: text }, troubles };
}

/** @returns what went wrong */
function keep(texts: Texts, directory: string): string | undefined {
  try {
    const old = readTexts(directory).texts ?? {};
    for (const [name, text] of Object.entries(texts)) {
      // The card is spared where nothing has changed, which is nearly always.
      if (old[name as keyof Texts] !== text) writePrivateFile(join(directory, name), text, 'What was set');
    }
    for (const name of Object.keys(old))
      if (texts[name as keyof Texts] === undefined) removeFile(join(directory, name));
    return undefined;
  } catch (error) {
    return `What was set could not be kept for a start without the boot partition: ${messageOf(error)}`;
  }
}

function tellOnBoot(problems: Problems, boot: string, writeBootFile: WriteBootFile): void {
  const text = problemsText(problems);
  let before: string | undefined;
  try {
    before = readFileSync(join(boot, problemsFile), 'utf8');
  } catch {
    // There is none.
  }
  // A partition that can't be written can't be told of itself either; it is said in the other places.
  if (text !== before) writeBootFile(problemsFile, text);
}

function tellHere(problems: Problems, directory: string): void {
  mkdirSync(directory, { recursive: true, mode: 0o755 });
  writeFileSync(join(directory, 'problems.json'), `${JSON.stringify(problems)}\n`, { mode: 0o644 });
  // For the console, which is a shell.
  writeFileSync(join(directory, 'problems'), problems.problems.map((line) => `${line}\n`).join(''), { mode: 0o644 });
}

import { resolve } from 'node:path';
import { machine, theAppliance } from '../appliance/appliance.ts';
import type { ApplianceView, SlotState } from '../appliance/view.ts';
import { helpText, parseArguments, type Usage, wrong } from './arguments.ts';
import { printable, tableOf } from './table.ts';
import type { Terminal } from './terminal.ts';

const usage = {
  verb: 'update',
  about:
    'Installs another version on an appliance, from a signed bundle, while the gateway runs: it goes to the slot that does not run, and is kept ' +
    'when it works after the next start. Without a bundle it tells which versions there are. As root.',
  operands: '[FILE|URL]',
  options: {
    restart: { about: 'Restart the machine when it is installed.' },
    json: { about: 'Print JSON: how the machine is, or one object a line as the update goes on.' },
  },
} as const satisfies Usage;

/** Where bundles lie that the command line downloads. */
const directory = '/data/update';

/** `headgate update`. */
export async function update(args: string[], terminal: Terminal): Promise<number> {
  const { values, operands, isHelp } = parseArguments(usage, args);
  if (isHelp) {
    terminal.out(helpText(usage));
    return 0;
  }
  if (operands.length > 1) throw wrong(usage, 'Give one bundle, a file or an address.');
  const [bundle] = operands;
  if (bundle === undefined && values.restart) throw wrong(usage, '--restart goes with a bundle.');
  await theAppliance();
  if (bundle === undefined) await show(values.json, terminal);
  else await install(bundle, values, terminal);
  return 0;
}

async function show(isJson: boolean, terminal: Terminal): Promise<void> {
  const { viewOf } = await import('../appliance/view-of.ts');
  const view = await viewOf(machine);
  terminal.out(isJson ? JSON.stringify(view, null, 2) : applianceText(view));
}

async function install(
  bundle: string,
  { restart, json }: { readonly restart: boolean; readonly json: boolean },
  terminal: Terminal,
): Promise<void> {
  const { Rauc } = await import('../appliance/rauc.ts');
  const { Update } = await import('../appliance/update.ts');
  const { updateLines } = await import('./update-text.ts');
  const line = updateLines();
  const work = new Update({
    rauc: new Rauc(),
    appliance: await theAppliance(),
    directory,
    onState: (state) => {
      if (state.step === 'failed') return;
      const text = json ? JSON.stringify(state) : line(state);
      if (text !== undefined) terminal.out(text);
    },
  });
  // A download is given up, and its file removed; what RAUC installs goes on without us. Asked again, it ends at once.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => work.stop());
  const isUrl = /^[a-z][a-z0-9+.-]*:\/\//i.test(bundle);
  if (isUrl) {
    await work.clean();
    await work.fromUrl(bundle);
  } else await work.fromFile(resolve(bundle));
  if (!restart) return;
  const { askMachine } = await import('../appliance/desk.ts');
  await askMachine('restart');
  if (!json) terminal.out('The machine restarts.');
}

const meanings: Readonly<Record<SlotState, string>> = {
  proven: 'works',
  trial: 'on trial',
  installed: 'waits for its first start',
  failed: 'did not work, and was left',
  incomplete: 'not whole: an installation ended in the middle, or is under way',
  empty: 'empty',
};

/** How the machine is, for a terminal. */
export function applianceText({ version, build, architecture, slots }: ApplianceView): string {
  const rows = slots.map(({ name, state, isRunning, isNext, version: its, triesLeft, installedAt }) => [
    name,
    its === null ? '–' : printable(its),
    [isRunning ? 'runs' : '', isNext ? 'starts next' : ''].filter(Boolean).join(', ') || '–',
    meanings[state],
    state === 'empty' || state === 'incomplete' ? '–' : String(triesLeft),
    installedAt ?? '–',
  ]);
  return [
    `Headgate ${printable(version)}${build === '' ? '' : ` (${printable(build)})`}, ${architecture}`,
    '',
    ...tableOf(['slot', 'version', 'now', 'state', 'tries left', 'installed'], rows),
  ].join('\n');
}

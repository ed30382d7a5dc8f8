import { execFile } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { machine, type Places, theAppliance } from '../appliance/appliance.ts';
import { otherSlot } from '../appliance/boot-state.ts';
import { type GateLimits, gateLimits } from '../appliance/gate.ts';
import { GateNotes } from '../appliance/gate-notes.ts';
import { beforeOf } from '../appliance/gate-seen.ts';
import { untilReady, watchGateway } from '../appliance/gate-watch.ts';
import { knock } from '../appliance/knock.ts';
import { markBad, markGood, markOtherBad, type RunningSlot, readBootState, runningSlot } from '../appliance/slots.ts';
import { messageOf } from '../core/errors.ts';
import { removeFile } from '../lib/private-file.ts';
import { helpText, parseArguments, type Usage } from './arguments.ts';
import { askGateway } from './ask-gateway.ts';
import { ask, urlOf, urlOption } from './gateway-client.ts';
import { fetchStatus } from './status.ts';
import type { Terminal } from './terminal.ts';

const usage = {
  verb: 'appliance gate',
  about: [
    'Watches the gateway after a start, for root. A version on trial is kept when the gateway is ready, the backlog moves and the collector',
    'acknowledges a record (offline: when its disk does); otherwise the machine starts its old version again. A version that has',
    'proven itself gets its tries back.',
  ].join(' '),
  options: {
    ...urlOption,
    note: { about: 'Only write down how the uplink is, for the trial of a later version.' },
  },
} as const satisfies Usage;

/** What of the machine the gate touches; tests have one of their own. */
export interface GateMachine {
  readonly places: Places;
  readonly notes: GateNotes;
  /** Is there while a version is on trial; systemd gives what is in it to the gateway. */
  readonly trialFile: string;
  readonly limits: GateLimits;
  readonly everyMs?: number;
  readonly restart: () => Promise<void>;
}

const thisMachine: GateMachine = {
  places: machine,
  notes: new GateNotes(),
  trialFile: '/run/headgate-trial',
  limits: gateLimits,
  restart: async () => void (await promisify(execFile)('systemctl', ['--no-block', 'reboot'])),
};

/** `headgate appliance gate`. Whatever fails in here leaves a slot on trial as it is: its tries run out. */
export async function gate(args: string[], terminal: Terminal, its: GateMachine = thisMachine): Promise<number> {
  const { values, isHelp } = parseArguments(usage, args);
  if (isHelp) {
    terminal.out(helpText(usage));
    return 0;
  }
  const url = async () => await urlOf(usage, values.url);
  const { version } = await theAppliance(its.places);
  if (values.note) {
    its.notes.noteUplink(version, beforeOf(await fetchStatus(await url())));
    return 0;
  }
  const slot = await runningSlot(its.places);
  return await (slot.isOnTrial ? onTrial(slot, url, terminal, its) : onProven(slot, url, terminal, its));
}

async function onTrial(
  { name, version }: RunningSlot,
  url: () => Promise<string>,
  terminal: Terminal,
  its: GateMachine,
): Promise<number> {
  const { notes, places } = its;
  terminal.out(`Slot ${name} is on trial with Headgate ${version}.`);
  const verdict = await watchGateway({
    ...watching(url, its),
    sendCanary: async () => void (await ask(await url(), 'POST', '/api/v1/uplink/canary')),
    knock,
    before: notes.before(version),
    onWait: (until) => terminal.out(`Not yet: ${until}.`),
  });
  if (verdict.name === 'keep') {
    await markGood(places);
    removeFile(its.trialFile);
    notes.forgetTakenBack();
    notes.endTrial();
    terminal.out(`Headgate ${version} in slot ${name} is ${verdict.text}.`);
    return 0;
  }
  terminal.err(`Headgate ${version} in slot ${name} is taken back: ${verdict.reason}.`);
  tell(notes, version, verdict.reason, terminal);
  await markBad(places);
  await its.restart();
  return 0;
}

async function onProven(
  { name, version }: RunningSlot,
  url: () => Promise<string>,
  terminal: Terminal,
  its: GateMachine,
): Promise<number> {
  const { notes, places } = its;
  const { order, slots } = await readBootState(places);
  const other = otherSlot(name);
  const isUsedUp = order[0] === other && !slots[other].isProven && slots[other].triesLeft === 0;
  // Of this version: the power went when it had just been kept.
  if (notes.onTrial === version) notes.endTrial();
  else if (isUsedUp || notes.onTrial !== undefined) {
    // It was started as often as it may be, and nobody came so far as to say why it did not stay.
    tell(notes, notes.onTrial, 'its tries were used up before it had shown that it works', terminal);
    if (isUsedUp) await markOtherBad(places);
  }
  if (await untilReady({ ...watching(url, its), onWait: () => {} })) {
    await markGood(places);
    return 0;
  }
  terminal.err(`The gateway did not get ready; slot ${name} does not get its tries back.`);
  return 1;
}

/** What is told of an update that was taken back must not keep the machine from going back. */
function tell(notes: GateNotes, version: string | undefined, reason: string, terminal: Terminal): void {
  try {
    notes.noteTakenBack({ version, at: new Date().toISOString(), reason });
    notes.endTrial();
  } catch (error) {
    terminal.err(`It can't be written down: ${messageOf(error)}`);
  }
}

function watching(url: () => Promise<string>, { limits, everyMs }: GateMachine) {
  return {
    ask: () => askGateway(url),
    limits,
    now: () => performance.now(),
    pause: (ms: number) => sleep(ms),
    ...(everyMs !== undefined && { everyMs }),
  };
}

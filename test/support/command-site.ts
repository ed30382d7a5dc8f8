import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { AdminClient } from '../../src/collector/admin/client.ts';
import { stateNames } from '../../src/collector/commands/command-handlers.ts';
import { ownFile } from '../../src/collector/own-file.ts';
import {
  type Command,
  Command as CommandMessage,
  type CommandUpdate,
} from '../../src/wire/generated/headgate/v1/uplink.ts';
import { startCollector } from './collector.ts';
import { impatient, startGateway } from './gateway.ts';
import type { HeadgateProcess, Settings } from './headgate-process.ts';
import { MosquittoSub, mosquittoPub } from './mosquitto.ts';
import { freePort } from './tcp-port.ts';
import { TcpProxy } from './tcp-proxy.ts';
import { tempDir } from './temp-dir.ts';
import { eventually, within } from './wait.ts';

/** A collector and a gateway as processes of their own, with a link between them, and devices that are mosquitto's clients. */
export class CommandSite {
  readonly dir: string;
  readonly sink: string;
  collector!: HeadgateProcess;
  gateway!: HeadgateProcess;
  link!: TcpProxy;
  readonly #t: TestContext;
  readonly #set: Settings;
  readonly #collectorPort: number;
  readonly #mqttPort: number;

  private constructor(t: TestContext, set: Settings, collectorPort: number, mqttPort: number) {
    this.#t = t;
    this.#set = set;
    this.#collectorPort = collectorPort;
    this.#mqttPort = mqttPort;
    this.dir = tempDir(t);
    this.sink = `sqlite:${join(this.dir, 'collector', 'records.db')}`;
  }

  static async start(t: TestContext, set: Settings = {}): Promise<CommandSite> {
    const site = new CommandSite(t, set, await freePort(), await freePort());
    await site.startCollector();
    site.link = await TcpProxy.start(t, site.#collectorPort);
    await site.startGateway();
    return site;
  }

  async startCollector(): Promise<void> {
    this.collector = await startCollector(this.#t, { sink: this.sink, port: this.#collectorPort });
  }

  async startGateway(directory = 'gateway'): Promise<void> {
    const set = { 'gateway.id': 'gw', ...impatient, ...this.#set };
    const dataDir = join(this.dir, directory);
    const options = { dataDir, uplinkPort: this.link.port, mqttPort: this.#mqttPort, set };
    this.gateway = await startGateway(this.#t, options);
  }

  /** kill -9, and a new one on the same data. */
  async restartGateway(): Promise<void> {
    await this.gateway.kill();
    await this.startGateway();
  }

  /** Kills the old one; what it was told is in its own lines. */
  async restartCollector(): Promise<void> {
    await this.collector.kill();
    await this.startCollector();
  }

  async ask<T>(work: (admin: AdminClient) => Promise<T>): Promise<T> {
    const file = ownFile({ sink: this.sink }, 'admin-token');
    const url = `http://127.0.0.1:${this.#collectorPort}`;
    const admin = new AdminClient({ url, token: readFileSync(file, 'utf8').trim() });
    try {
      return await work(admin);
    } finally {
      admin.close();
    }
  }

  /** @returns whether it was known already */
  async send(id: string, fields: Partial<Command> = {}): Promise<boolean> {
    const command = CommandMessage.fromPartial({ id, deviceId: 'pump', payload: Buffer.from('1'), ...fields });
    return await this.ask(async (admin) => (await admin.sendCommand({ gateway: 'gw', command })).wasKnown);
  }

  async sendRules(id: string, rules: string): Promise<void> {
    await this.send(id, { deviceId: '', name: 'rules', payload: Buffer.from(rules) });
  }

  /** What a watcher is told until the command is settled: the states, and the last update. */
  async watch(id: string): Promise<{ states: string[]; last: CommandUpdate }> {
    const updates: CommandUpdate[] = [];
    const gone = AbortSignal.timeout(20_000);
    const watching = this.ask((admin) =>
      admin.watchCommand({ gateway: 'gw', commandId: id }, ({ update }) => void updates.push(update!), gone),
    );
    await within(20_000, `the end of command ${id}`, watching);
    const last = updates.at(-1);
    if (last === undefined) throw new Error(`nothing was told of command ${id}`);
    return { states: updates.map(({ state }) => stateNames[state] ?? 'accepted'), last };
  }

  /** What the collector says of a command now. */
  async stateOf(id: string): Promise<string> {
    const gone = new AbortController();
    let state = '';
    await this.ask((admin) =>
      admin.watchCommand(
        { gateway: 'gw', commandId: id },
        ({ update }) => {
          state = stateNames[update!.state] ?? 'accepted';
          gone.abort();
        },
        gone.signal,
      ),
    );
    return state;
  }

  async until(id: string, state: string): Promise<void> {
    await eventually(`command ${id} to be ${state}`, async () => (await this.stateOf(id)) === state, {
      timeoutMs: 10_000,
    });
  }

  /** The names of the rules in force, without those that are always there. */
  async rulesInForce(): Promise<string[]> {
    const answer = await fetch(`http://127.0.0.1:${this.gateway.port('http')}/api/v1/rules`);
    const { rules } = (await answer.json()) as { rules: { name: string; isBuiltIn: boolean }[] };
    return rules.filter(({ isBuiltIn }) => !isBuiltIn).map(({ name }) => name);
  }

  /** A device that listens, and says nothing by itself. */
  async device(id = 'pump'): Promise<MosquittoSub> {
    return await MosquittoSub.start(this.#t, this.#mqttPort, ['-q', '1', '-t', `headgate/devices/${id}/commands`]);
  }

  async answer(commandId: string, payload: string, deviceId = 'pump'): Promise<void> {
    await mosquittoPub(this.#mqttPort, [
      ...['-q', '1', '-t', `headgate/devices/${deviceId}/commands/${commandId}/result`, '-m', payload],
    ]);
  }
}

/** The ids of the commands that a device was given. */
export function given(device: MosquittoSub): string[] {
  return device.lines.map((line) => (JSON.parse(line.slice(line.indexOf('{'))) as { id: string }).id);
}

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { HistoryLines, reachOf } from '../api/history-lines.ts';
import { windowOf } from '../api/window.ts';
import { batchesIn } from '../buffer/offline.ts';
import { HeadgateError, messageOf } from '../core/errors.ts';
import { helpText, parseArguments, type Usage, wrong } from './arguments.ts';
import { configOf, configOptions } from './config-options.ts';
import { contentOf, post, postForJson, urlOf, urlOption } from './gateway-client.ts';
import type { Terminal } from './terminal.ts';

const usage = {
  verb: 'export',
  about:
    'Prints the records that are on disk, waiting or delivered, one JSON object a line as the file sink writes\n' +
    'them; or has them sent to the collector again. Delivered records stay for `buffer.keep`.',
  options: {
    from: { value: 'TIME', about: 'Only what was taken in from then on, as in 2026-11-22T18:00:00Z.' },
    to: { value: 'TIME', about: 'Only what was taken in before then.' },
    rule: { value: 'RULE', about: 'Only what that rule holds for.' },
    resend: { about: 'Send what was delivered to the collector once more. Needs --from and --to.' },
    ...urlOption,
    'data-dir': { value: 'DIR', about: 'Read this data directory, or backup, instead of asking a gateway.' },
    ...configOptions,
    json: { about: 'With --resend: print how many records it is as JSON.' },
  },
} as const satisfies Usage;

type Asked = Readonly<Record<'from' | 'to' | 'rule', string | undefined>>;

/** `headgate export`: records of a window on standard output, from a running gateway or from files; or sent again. */
export async function exportRecords(args: string[], terminal: Terminal): Promise<number> {
  const { values, isHelp } = parseArguments(usage, args);
  if (isHelp) {
    terminal.out(helpText(usage));
    return 0;
  }
  const dataDir = values['data-dir'];
  if (dataDir !== undefined && values.url !== undefined) throw wrong(usage, 'give --url or --data-dir, not both.');
  if (dataDir !== undefined && values.resend)
    throw wrong(usage, '--resend asks a running gateway: leave out --data-dir.');
  if (values.json && !values.resend) throw wrong(usage, '--json goes with --resend; records are JSON anyway.');
  // Before anybody is asked, and in this program's words.
  const window = windowFrom(values, !values.resend);
  if (dataDir !== undefined) {
    await printFiles(dataDir, window, configOf(values, terminal).gateway.id, terminal);
    return 0;
  }
  const url = await urlOf(usage, values.url);
  if (values.resend) {
    const found = await postForJson(url, '/api/v1/buffer/replay', bodyOf(values));
    const count = Number(found.records);
    const said = count === 1 ? '1 record is' : `${count.toLocaleString('en-US')} records are`;
    terminal.out(values.json ? JSON.stringify(found) : `${said} being sent to the collector once more.`);
    return 0;
  }
  const answer = await post(url, '/api/v1/buffer/export', bodyOf(values));
  let rest = '';
  for await (const chunk of contentOf(answer, url)) {
    const text = rest + chunk;
    const end = text.lastIndexOf('\n');
    rest = text.slice(end + 1);
    if (end >= 0) terminal.out(text.slice(0, end));
    await terminal.drained?.();
  }
  return 0;
}

function windowFrom(values: Asked, isWhole: boolean) {
  const window = windowOf(bodyOf(values), isWhole);
  if (typeof window === 'string') throw wrong(usage, window.replaceAll(/`(from|to|rule)`/g, '--$1'));
  return window;
}

function bodyOf({ from, to, rule }: Asked): object {
  return { from, to, rule };
}

async function printFiles(
  dataDir: string,
  window: ReturnType<typeof windowFrom>,
  gatewayId: string | undefined,
  terminal: Terminal,
): Promise<void> {
  const directory = join(dataDir, 'buffer');
  if (!existsSync(directory)) {
    throw new HeadgateError('data.unreadable', `${dataDir} is no data directory and no backup: it has no buffer.`);
  }
  const lines = new HistoryLines(window);
  try {
    for (const { batch, gateway, epoch } of batchesIn(directory, reachOf(window))) {
      for (const text of lines.textOf(batch, gatewayId ?? gateway, epoch)) terminal.out(text.trimEnd());
      await terminal.drained?.();
    }
  } catch (error) {
    if (error instanceof HeadgateError) throw error;
    throw new HeadgateError('data.unreadable', `${directory} can't be read: ${messageOf(error)}.`, { cause: error });
  }
}

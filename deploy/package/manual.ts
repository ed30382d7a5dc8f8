import { main } from '../../src/cli/main.ts';

/** What `headgate VERB --help` prints. */
interface Help {
  readonly verb: string;
  readonly lines: readonly string[];
}

async function helpOf(args: readonly string[]): Promise<string[]> {
  const texts: string[] = [];
  const code = await main([...args, '--help'], {
    out: (text) => texts.push(text),
    err: (text) => texts.push(text),
    environment: {},
  });
  if (code !== 0) throw new Error(`headgate ${args.join(' ')} --help ended with ${code}: ${texts.join('\n')}`);
  return texts.join('\n').split('\n');
}

/** The verbs with what each is for, as `headgate --help` lists them. */
async function verbs(): Promise<Map<string, string>> {
  const rows = (await helpOf([]))
    .map((line) => /^ {2}([a-z][a-z-]*) +(\S.*)$/.exec(line))
    .filter((row) => row !== null);
  return new Map(rows.map(([, verb = '', about = '']) => [verb, about]));
}

/** The help of every verb: the one text that manual and completion are made of. */
export async function allHelp(): Promise<{
  readonly about: ReadonlyMap<string, string>;
  readonly helps: readonly Help[];
}> {
  const about = await verbs();
  const helps: Help[] = [];
  for (const verb of about.keys()) helps.push({ verb, lines: await helpOf([verb]) });
  return { about, helps };
}

/** Text that roff takes as it is. */
function roff(text: string): string {
  return text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll('`', '')
    .replace(/^([.'])/, '\\&$1');
}

/** @param date of the build, in seconds since 1970: the manual says it */
export function manualPage(
  { about, helps }: Awaited<ReturnType<typeof allHelp>>,
  version: string,
  date: number,
): string {
  const day = new Date(date * 1000).toISOString().slice(0, 10);
  return [
    `.TH HEADGATE 1 "${day}" "Headgate ${version}" "User Commands"`,
    '.SH NAME',
    'headgate \\- an IoT gateway that never loses an acknowledged message',
    '.SH SYNOPSIS',
    '.B headgate',
    '.I VERB',
    '[options]',
    '.SH DESCRIPTION',
    ...[
      'Headgate takes in what devices say over MQTT and serial ports, keeps it safe on its own disk, and forwards it to a collector.',
      'The verbs look at and change a running gateway, except for those that run one.',
    ].map(roff),
    '.SH VERBS',
    ...[...about].flatMap(([verb, text]) => ['.TP', `.B ${roff(verb)}`, roff(text)]),
    '.SH OPTIONS OF EACH VERB',
    ...helps.flatMap(({ verb, lines }) => [`.SS headgate ${roff(verb)}`, '.nf', ...lines.map(roff), '.fi']),
    '.SH ENVIRONMENT',
    '.TP',
    '.B HEADGATE_CONFIG',
    roff('The configuration file. The packaged command takes /etc/headgate/headgate.yaml when it may read it.'),
    '.TP',
    '.BR HEADGATE_TOKEN ", " HEADGATE_CA',
    roff('A token, and a file with the authority of the gateway, for a gateway on another machine.'),
    '.SH FILES',
    '.TP',
    roff('/etc/headgate/headgate.yaml'),
    'The configuration.',
    '.TP',
    roff('/var/lib/headgate'),
    'What the gateway keeps: records, identity, history.',
    '.SH EXIT STATUS',
    roff('0 success; 1 failure; 2 wrong usage; 75 to be started again; 78 wrong configuration.'),
    '',
  ].join('\n');
}

/** Completes verbs, and the options of the verb that is there already. */
export function bashCompletion({ about, helps }: Awaited<ReturnType<typeof allHelp>>): string {
  const cases = helps.map(({ verb, lines }) => {
    const options = lines.map((line) => /^ {2}(--[a-z][a-z-]*)/.exec(line)?.[1]).filter((one) => one !== undefined);
    return `    ${verb}) words='${options.join(' ')}' ;;`;
  });
  return `# Completion of headgate's verbs and options.
_headgate() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD-1]} words=''
  COMPREPLY=()
  if [ "$COMP_CWORD" -eq 1 ]; then
    mapfile -t COMPREPLY < <(compgen -W '${[...about.keys()].join(' ')} --help --version' -- "$current")
    return
  fi
  case $previous in
    --config|--bundle|--file|--data-dir) mapfile -t COMPREPLY < <(compgen -f -- "$current"); return ;;
  esac
  case \${COMP_WORDS[1]} in
${cases.join('\n')}
  esac
  if [[ $current == -* ]]; then mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
  else mapfile -t COMPREPLY < <(compgen -f -- "$current"); fi
}
complete -o filenames -F _headgate headgate
`;
}

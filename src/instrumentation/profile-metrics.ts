import type { ProfilesStatus } from '../profiles/status.ts';

/** What profiles could not read, in Prometheus' text format: a series for each profile that has any. */
export function profileMetrics({ failures }: ProfilesStatus): string {
  const name = 'headgate_profile_failures_total';
  const help = 'Messages that their profile could not read, by profile, as far as it has any.';
  const series = Object.entries(failures).map(
    ([profile, count]) => `${name}{profile="${escaped(profile)}"} ${count}\n`,
  );
  return `# HELP ${name} ${help}\n# TYPE ${name} counter\n${series.join('')}`;
}

/** A profile is named after its file, which may be called anything. */
function escaped(text: string): string {
  return text.replace(/[\\"]/g, '\\$&').replaceAll('\n', '\\n');
}

import type { ProfilesStatus } from '../profiles/status.ts';

/** What became of topics and of messages under profiles, in Prometheus' text format: a series for each profile that failed. */
export function profileMetrics({ failures, topics }: ProfilesStatus): string {
  const failed = Object.entries(failures).map(([profile, count]) => `{profile="${escaped(profile)}"} ${count}`);
  return [
    family(
      'headgate_profile_failures_total',
      'counter',
      'Messages that their profile could not read, by profile, as far as it has any.',
      failed,
    ),
    family('headgate_topics_templates', 'gauge', 'Templates of topics that are known.', [` ${topics.templates}`]),
    family('headgate_topics_forgotten_total', 'counter', 'Templates that had to go because there were too many.', [
      ` ${topics.forgotten}`,
    ]),
    family('headgate_topics_postponed_total', 'counter', 'Topics not recognised at once because too many were new.', [
      ` ${topics.postponed}`,
    ]),
  ].join('');
}

function family(name: string, type: 'counter' | 'gauge', help: string, series: readonly string[]): string {
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${series.map((one) => `${name}${one}\n`).join('')}`;
}

/** A profile is named after its file, which may be called anything. */
function escaped(text: string): string {
  return text.replace(/[\\"]/g, '\\$&').replaceAll('\n', '\\n');
}

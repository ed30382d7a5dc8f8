import type { MonotonicMs } from '../../core/time.ts';
import { topicMatches } from '../../lib/topic-filter.ts';
import type { TopicFinding, TopicMeter, Topics } from '../../profiles/topics.ts';
import { TemplateTree } from './template-tree.ts';
import { type RowKeeper, TopicRow } from './topic-row.ts';

const usualMax = 2_000;
/** What is known goes before what people have yet to look at, unless that is silent for so much longer, in ms. */
const graceMs = 10 * 60_000;

/**
 * The topics that came in, grouped by templates: a profile's pattern, what people decided for, or what is learnt of levels that
 * vary. A message costs its row's count and a comparison; which row that is, is found out when the decoder looks at a topic.
 */
export class TopicBook implements Topics {
  readonly #max: number;
  readonly #monotonic: () => MonotonicMs;
  readonly #rows = new Map<string, TopicRow>();
  readonly #tree = new TemplateTree<TopicRow>();
  #forgotten = 0;

  /** @param max how many templates there are at the most */
  constructor(monotonic: () => MonotonicMs, max = usualMax) {
    this.#monotonic = monotonic;
    this.#max = max;
  }

  get rows(): IterableIterator<TopicRow> {
    return this.#rows.values();
  }

  get size(): number {
    return this.#rows.size;
  }

  /** How often a template had to go because there were too many. */
  get forgotten(): number {
    return this.#forgotten;
  }

  row(template: string): TopicRow | undefined {
    return this.#rows.get(template);
  }

  /** People decided for a template: what it covers is one row from now on. */
  gather(template: string, profile: string | undefined): void {
    if (!/[+#]/.test(template)) return;
    const covered = [...this.#rows.values()].filter((row) => covers(template, row.template));
    if (covered.length === 0) return;
    const one = this.#named(template, { template, profile, isByPeople: true, suggestions: [] });
    for (const row of covered) {
      if (row === one) continue;
      this.#remove(row);
      row.joined(one);
    }
  }

  /** Starts a template anew, if there is one. */
  drop(template: string): void {
    const row = this.#rows.get(template);
    if (row === undefined) return;
    this.#remove(row);
    row.letGo();
  }

  meterOf(topic: string, found: TopicFinding, before: TopicMeter | undefined): TopicMeter {
    const row = found.template === undefined ? this.#learnt(topic, found) : this.#named(found.template, found);
    const last = before instanceof TopicRow ? before.whole : undefined;
    if (last !== undefined && last !== row && !last.isGone && last.topics.count <= 1) {
      // It was this topic alone, by another name.
      this.#remove(last);
      last.joined(row);
    }
    row.looked(topic, found);
    return row;
  }

  readonly #keeper: RowKeeper = {
    monotonic: () => this.#monotonic(),
    renamed: (row, before) => {
      if (this.#rows.get(before) === row) this.#rows.delete(before);
      if (row.whole !== row) return;
      const other = this.#rows.get(row.template);
      if (other !== undefined && other !== row) other.joined(row);
      this.#rows.set(row.template, row);
    },
    back: (row, topic) => {
      const { found } = row;
      if (found.template !== undefined) {
        const other = this.#rows.get(found.template);
        if (other !== undefined) return other;
        this.#makeRoom();
        this.#rows.set(row.template, row);
        return row;
      }
      return this.#learnt(topic, found, row);
    },
  };

  #named(template: string, found: TopicFinding): TopicRow {
    return this.#rows.get(template) ?? this.#add(template, found);
  }

  #learnt(topic: string, found: TopicFinding, old?: TopicRow): TopicRow {
    // Before a place is taken: whoever has to go may be beside it.
    this.#makeRoom();
    return this.#tree.place(topic, (template) => {
      const known = this.#rows.get(template);
      if (known !== undefined) return known;
      if (old === undefined) return this.#add(template, found);
      old.template = template;
      this.#rows.set(template, old);
      return old;
    }).whole;
  }

  #add(template: string, found: TopicFinding): TopicRow {
    this.#makeRoom();
    const row = new TopicRow(this.#keeper, template, found);
    this.#rows.set(template, row);
    return row;
  }

  /** When all places are taken, a twentieth of them goes at once: to look for one each time would cost too much. */
  #makeRoom(): void {
    if (this.#rows.size < this.#max) return;
    const interest = ({ found, lastSeenMs }: TopicRow): number =>
      lastSeenMs + (found.profile === undefined && !found.isByPeople ? graceMs : 0);
    const byInterest = [...this.#rows.values()].sort((a, b) => interest(a) - interest(b));
    for (const row of byInterest.slice(0, Math.ceil(this.#max / 20))) {
      this.#remove(row);
      row.letGo();
      this.#forgotten++;
    }
  }

  #remove(row: TopicRow): void {
    this.#rows.delete(row.template);
    this.#tree.remove(row.template);
  }
}

/** Whether every topic that `inner` matches is matched by `outer`; both are topic filters. */
function covers(outer: string, inner: string): boolean {
  const isOpen = inner.endsWith('/#') || inner === '#';
  return topicMatches(outer, inner) && (!isOpen || outer.endsWith('/#') || outer === '#');
}

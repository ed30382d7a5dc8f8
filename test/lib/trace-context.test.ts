import assert from 'node:assert/strict';
import { test } from 'node:test';
import { traceIdIn } from '../../src/lib/trace-context.ts';

const id = '0af7651916cd43dd8448eb211c80319c';
const parent = 'b7ad6b7169203331';

// W3C Trace Context § 3.2 and § 4.3.
const rows: readonly (readonly [what: string, traceparent: unknown, expected: string | undefined])[] = [
  ['one that is sampled', `00-${id}-${parent}-01`, id],
  ['one that is not', `00-${id}-${parent}-00`, id],
  ['flags that nobody knows', `00-${id}-${parent}-ff`, id],
  ['a later version', `01-${id}-${parent}-00`, id],
  ['a later version with more', `cc-${id}-${parent}-00-what-comes`, id],
  ['a later version with more and no dash', `cc-${id}-${parent}-00.what`, undefined],
  ['version 00 with more', `00-${id}-${parent}-01-more`, undefined],
  ['two, as HTTP joins them', `00-${id}-${parent}-01, 00-${id}-${parent}-01`, undefined],
  ['version ff', `ff-${id}-${parent}-01`, undefined],
  ['a version that is no hex', `0g-${id}-${parent}-01`, undefined],
  ['upper case', `00-${id.toUpperCase()}-${parent}-01`, undefined],
  ['a letter behind f', `00-${id.slice(1)}g-${parent}-01`, undefined],
  ['a character between 9 and a', `00-${id.slice(1)}:-${parent}-01`, undefined],
  ['a trace id of zeros', `00-${'0'.repeat(32)}-${parent}-01`, undefined],
  ['a parent id of zeros', `00-${id}-${'0'.repeat(16)}-01`, undefined],
  ['a parent id that is no hex', `00-${id}-${parent.slice(1)}x-01`, undefined],
  ['another separator', `00_${id}-${parent}-01`, undefined],
  ['a dash in the trace id', `00-${id.slice(1)}--${parent}-01`, undefined],
  ['no flags', `00-${id}-${parent}`, undefined],
  ['half of the flags', `00-${id}-${parent}-0`, undefined],
  ['a space before it', ` 00-${id}-${parent}-0`, undefined],
  ['the trace id alone', id, undefined],
  ['nothing', '', undefined],
  ['none', undefined, undefined],
  ['a list', [`00-${id}-${parent}-01`], undefined],
];

for (const [what, traceparent, expected] of rows) {
  test(`trace id: ${what}`, () => assert.equal(traceIdIn(traceparent), expected));
}

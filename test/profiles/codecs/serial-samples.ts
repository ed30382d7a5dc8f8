import assert from 'node:assert/strict';
import { unitOf, unitSymbol } from '../../../src/core/measure-units.ts';
import type { Codec } from '../../../src/profiles/codec.ts';
import { kindsOf, payloadOf, samples } from '../samples.ts';
import { inputOf } from './codec-support.ts';

/** Holds a codec against every sample of a protocol: values, units, times, kinds. */
export function checkSamples(protocol: string, make: () => Codec): void {
  const own = samples.filter((sample) => sample.protocol === protocol);
  assert.ok(own.length > 0);
  for (const sample of own) {
    const { id, expected, kind, tolerance = 1e-9 } = sample;
    const output = make().decode(inputOf(payloadOf(sample), { topic: 'ttyUSB0' }));
    const kinds: readonly string[] = kind ? kindsOf[kind]! : expected.length > 0 ? ['measurement'] : ['raw'];
    assert.ok(kinds.includes(output.kind), `${id} is ${output.kind}: ${output.failure}`);
    const left = output.parts.flatMap(({ fields, timeMs }) => fields.map((field) => ({ ...field, timeMs })));
    for (const { metric, value, unit = '', time } of expected) {
      const at = left.findIndex(({ name }) => name === metric);
      assert.notEqual(at, -1, `${id}: no ${metric}`);
      const [found] = left.splice(at, 1);
      if (typeof value === 'number') assert.ok(Math.abs(Number(found!.value) - value) <= tolerance, `${id} ${metric}`);
      else assert.equal(found!.value, value, `${id} ${metric}`);
      assert.equal(unitSymbol(found!.unit ?? ''), unitSymbol(unitOf(unit) ?? ''), `${id} ${metric}`);
      if (time !== undefined) assert.equal(new Date(found!.timeMs!).toISOString(), time, `${id} ${metric}`);
    }
    if (!sample.expected_is_subset) assert.deepEqual(left, [], `${id}: nothing else`);
  }
}

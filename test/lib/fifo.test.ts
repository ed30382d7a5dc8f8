import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Fifo } from '../../src/lib/fifo.ts';

test('it is a queue, whatever is put in and taken out when', () => {
  const steps = fc.array(fc.oneof(fc.nat({ max: 50 }), fc.constantFrom('shift', 'shift', 'clear')), { maxLength: 200 });
  fc.assert(
    fc.property(steps, (all) => {
      const fifo = new Fifo<number>();
      const model: number[] = [];
      let next = 0;
      for (const step of all) {
        if (step === 'clear') {
          fifo.clear();
          model.length = 0;
        } else if (step === 'shift') {
          for (let n = 0; n < 20; n++) assert.equal(fifo.shift(), model.shift());
        } else {
          for (let n = 0; n < step; n++, next++) {
            fifo.push(next);
            model.push(next);
          }
        }
        assert.deepEqual([fifo.length, fifo.first, fifo.last], [model.length, model[0], model.at(-1)]);
      }
    }),
  );
});

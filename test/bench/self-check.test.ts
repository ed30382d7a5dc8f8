import { test } from 'node:test';
import { selfCheck } from '../../bench/lib/self-check.ts';

test(
  'the bench notices messages that are lost, acknowledged twice, or never acknowledged, and answers that are late or wrong',
  selfCheck,
);

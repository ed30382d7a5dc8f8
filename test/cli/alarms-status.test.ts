import assert from 'node:assert/strict';
import { test } from 'node:test';
import { statusText } from '../../src/cli/status-text.ts';
import { composeStatus } from '../../src/instrumentation/status.ts';
import { healthyParts, someTimeMs } from '../support/status.ts';

test('what is raised has a line of its own, and critical alarms begin the sentence on health', () => {
  const alarms = {
    ...healthyParts.alarms,
    active: { info: 0, warning: 2, critical: 3 },
    acknowledged: { info: 0, warning: 1, critical: 1 },
    critical: ['Too warm (freezer)', 'Door open'],
  };
  const status = composeStatus({ ...healthyParts, alarms }, someTimeMs);
  assert.equal(status.health.state, 'ready');
  assert.match(
    status.health.summary,
    /^4 critical alarms: Too warm \(freezer\), Door open, 2 more\. The uplink is live\./,
  );
  const line = /^Alarms {6}(3 critical, 2 warning, 2 acknowledged, critical: Too warm \(freezer\);)$/m;
  assert.match(statusText(status, someTimeMs), line);
  const quiet = composeStatus(healthyParts, someTimeMs);
  assert.match(quiet.health.summary, /^All good\. /);
  assert.doesNotMatch(statusText(quiet, someTimeMs), /Alarms/);
});

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { configuredUrl } from '../../src/cli/own-token.ts';
import { tempDir } from '../support/temp-dir.ts';

test('the command line asks the gateway of the configuration, where that is', async (t) => {
  const file = join(tempDir(t), 'headgate.yaml');
  const rows: [http: string, url: string | undefined][] = [
    ['{}', 'http://127.0.0.1:8080'],
    ['{ host: "::", port: 8443, tls: { enabled: true } }', 'https://127.0.0.1:8443'],
    ['{ host: 0.0.0.0 }', 'http://127.0.0.1:8080'],
    ['{ host: "::1", port: 81 }', 'http://[::1]:81'],
    ['{ host: 10.0.0.7 }', 'http://10.0.0.7:8080'],
    // What is wrong is not this one's to tell, and what is not has the page that tells it.
    ['{ port: many, tls: { enabled: true } }', 'https://127.0.0.1:8080'],
    ['{ port: 8443, hots: 1 }', 'http://127.0.0.1:8443'],
  ];
  for (const [http, url] of rows) {
    writeFileSync(file, `http: ${http}\n`);
    assert.equal(await configuredUrl({ HEADGATE_CONFIG: file }), url, http);
  }
  // What was set at the gateway holds over its file.
  const dataDir = tempDir(t);
  writeFileSync(join(dataDir, 'settings.yaml'), 'http: { port: 8090 }\n');
  writeFileSync(file, `dataDir: ${dataDir}\nhttp: { port: 8443 }\n`);
  assert.equal(await configuredUrl({ HEADGATE_CONFIG: file }), 'http://127.0.0.1:8090');
  assert.equal(await configuredUrl({}), undefined);
  assert.equal(await configuredUrl({ HEADGATE_CONFIG: '' }), undefined);
});

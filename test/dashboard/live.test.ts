import assert from 'node:assert/strict';
import { createServer, request } from 'node:http';
import { connect } from 'node:net';
import { after, type TestContext, test } from 'node:test';
import { closeBrowser, openPage } from '../support/browser.ts';
import { startGateway } from '../support/gateway.ts';
import { Device } from '../support/mqtt-client.ts';
import { Oracle } from '../support/oracle.ts';
import { tempDir } from '../support/temp-dir.ts';

after(closeBrowser);

/** A proxy as people have them: under a path of its own, and perhaps one that holds streams back or knows no WebSockets. */
async function proxy(
  t: TestContext,
  port: number,
  faults: { holds?: boolean; sockets?: boolean; asked?: string[] },
): Promise<string> {
  const server = createServer((asked, answer) => {
    faults.asked?.push(asked.url ?? '');
    const path = asked.url?.replace(/^\/gw/, '') ?? '/';
    const { method = 'GET', headers } = asked;
    const onward = request({ port, path, method, headers }, (got) => {
      const isStream = String(got.headers['content-type']).startsWith('text/event-stream');
      // Held back until it is whole, which is never.
      if (faults.holds && isStream) return;
      answer.writeHead(got.statusCode ?? 502, got.headers);
      got.pipe(answer);
    });
    onward.on('error', () => answer.destroy());
    answer.on('close', () => onward.destroy());
    asked.pipe(onward);
  });
  server.on('upgrade', (asked, socket, head) => {
    socket.on('error', () => socket.destroy());
    if (faults.sockets === false) {
      socket.end('HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\n');
      return;
    }
    const lines = [`GET ${asked.url?.replace(/^\/gw/, '')} HTTP/1.1`];
    for (let i = 0; i < asked.rawHeaders.length; i += 2)
      lines.push(`${asked.rawHeaders[i]}: ${asked.rawHeaders[i + 1]}`);
    const onward = connect(port, '127.0.0.1', () => {
      onward.write(`${lines.join('\r\n')}\r\n\r\n`);
      onward.write(head);
      onward.pipe(socket).pipe(onward);
    }).on('error', () => socket.destroy());
    socket.on('close', () => onward.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  return `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}/gw/`;
}

const rows = [
  { name: 'a path of its own', faults: {}, word: 'Live' },
  { name: 'streams held back', faults: { holds: true }, word: 'Live' },
  {
    name: 'streams held back and no WebSockets',
    faults: { holds: true, sockets: false },
    word: 'Live, every few seconds',
  },
];
for (const { name, faults: proxyFaults, word } of rows) {
  test(`behind a proxy: ${name}`, { timeout: 60_000 }, async (t) => {
    const gateway = await startGateway(t, { dataDir: tempDir(t) });
    const asked: string[] = [];
    const url = await proxy(t, gateway.port('http'), { ...proxyFaults, asked });
    const device = new Device({ oracle: new Oracle(), topic: 'site/a' });
    await device.run(gateway.port('mqtt'), 1);
    const { page, faults } = await openPage(t, `${url}#/devices`);
    page.setDefaultTimeout(40_000);
    await page.getByRole('banner').getByText(word, { exact: true }).waitFor();
    // From before the page asked for anything, or it would miss what came until the stream began.
    assert.match(asked.find((path) => path.includes('/api/v1/live?')) ?? '', /[?&]after=/);
    const before = await page.locator('td.values').first().textContent();
    await device.run(gateway.port('mqtt'), 1);
    await page
      .locator('td.values')
      .first()
      .filter({ hasNotText: before ?? '' })
      .waitFor();
    assert.deepEqual(
      faults.filter((fault) => !/WebSocket connection/.test(fault)),
      [],
    );
  });
}

test('a gateway that is killed and comes back, as a page sees it that nobody reloads', {
  timeout: 60_000,
}, async (t) => {
  const dataDir = tempDir(t);
  let gateway = await startGateway(t, { dataDir });
  const httpPort = gateway.port('http');
  const device = new Device({ oracle: new Oracle(), topic: 'site/a' });
  await device.run(gateway.port('mqtt'), 10);
  const { page, faults } = await openPage(t, `http://127.0.0.1:${httpPort}/#/devices`);
  page.setDefaultTimeout(40_000);
  await page.getByRole('banner').getByText('Live', { exact: true }).waitFor();
  await gateway.kill();
  await page.getByText(/^Reconnecting since/).waitFor();
  // What is known stays there.
  await page.getByRole('link', { name: 'site/a' }).waitFor();
  gateway = await startGateway(t, { dataDir, set: { 'http.port': httpPort } });
  await page.getByRole('banner').getByText('Live', { exact: true }).waitFor();
  await new Device({ oracle: new Oracle(), topic: 'site/b' }).run(gateway.port('mqtt'), 1);
  await page.getByRole('button', { name: '1 new' }).click();
  // With what it said before anybody was told that it is there.
  const row = page.getByRole('row').filter({ has: page.getByRole('link', { name: 'site/b' }) });
  await row.locator('td.values').filter({ hasText: /\d/ }).waitFor();
  assert.deepEqual(
    faults.filter((fault) => !/ERR_/.test(fault)),
    [],
  );
});

import { execFileSync } from 'node:child_process';
import { type Browser, chromium, type Page } from 'playwright-core';
import { startDevices } from '../lib/devices-load.ts';
import { CpuMeter } from '../lib/process-usage.ts';
import { startRelaying } from '../lib/relaying.ts';
import { atMost, type Bench, type Sample, type Scenario } from '../lib/scenario.ts';
import { delay } from '../lib/wait.ts';

const throttle = 4;
const openRate = 200;
const many = 1_000;
/** Of the longest run, over `seconds`. */
const heapTimes = 5;

async function openBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: execFileSync('which', ['chromium'], { encoding: 'utf8' }).trim(),
    args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--js-flags=--expose-gc'],
  });
}

/** From nothing in the browser's cache to a device's last hour, drawn, with a processor that is a quarter as fast. */
async function firstChart(bench: Bench): Promise<Sample> {
  const { address, end } = await startRelaying(bench);
  const browser = await openBrowser();
  try {
    const now = Date.now();
    for (let from = 0; from < 720; from += 240) {
      const lines = Array.from({ length: 240 }, (_, i) => {
        const time = new Date(now - (720 - from - i) * 5_000).toISOString();
        return JSON.stringify({
          device: 'barn',
          time,
          fields: { temperature: 20 + Math.sin((from + i) / 40), humidity: 50 },
        });
      });
      const answer = await fetch(`http://${address}/api/v1/measurements`, {
        method: 'POST',
        headers: { 'content-type': 'application/x-ndjson' },
        body: lines.join('\n'),
      });
      if (!answer.ok) throw new Error(await answer.text());
    }
    const times: number[] = [];
    for (let i = 0; i < 5; i++) {
      const page = await (await browser.newContext({ viewport: { width: 1280, height: 800 } })).newPage();
      await throttled(page);
      const started = performance.now();
      await page.goto(`http://${address}/#/device/barn`, { waitUntil: 'commit' });
      while (!(await page.evaluate(isDrawn))) await delay(20);
      times.push(performance.now() - started);
      await page.context().close();
    }
    return { chartMs: times.sort((a, b) => a - b)[2] ?? Number.NaN };
  } finally {
    await browser.close();
    await end();
  }
}

/** Its canvas has more than a background. */
const isDrawn = `(() => {
  const canvas = document.querySelector('.chart canvas');
  if (canvas === null || canvas.width === 0) return false;
  const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
  const colours = new Set();
  for (let i = 0; i < data.length && colours.size < 12; i += 4 * 97)
    if (data[i + 3] > 0) colours.add((data[i] << 16) | (data[i + 1] << 8) | data[i + 2]);
  return colours.size > 3;
})()`;

async function throttled(page: Page): Promise<void> {
  const session = await page.context().newCDPSession(page);
  await session.send('Emulation.setCPUThrottlingRate', { rate: throttle });
}

/** What the gateway's process takes of a core while so much comes in, and an overview is open or none. */
async function openDashboard(bench: Bench, isOpen: boolean): Promise<Sample> {
  const { gateway, address, end } = await startRelaying(bench);
  const load = await startDevices(gateway.mqttPort, 50, openRate);
  const browser = isOpen ? await openBrowser() : undefined;
  try {
    if (browser !== undefined) {
      const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
      await page.goto(`http://${address}/#/devices`);
      await page.getByRole('banner').getByText('Live', { exact: true }).waitFor();
    }
    await delay(3_000);
    const meter = new CpuMeter({ gateway: gateway.pid });
    const seconds = bench.seconds;
    await delay(seconds * 1_000);
    // Of a core: "a message" is a second here.
    const { gateway: us = Number.NaN } = meter.perMessage(seconds);
    return { percent: us / 10_000 };
  } finally {
    load.end();
    await browser?.close();
    await end();
  }
}

/** What a page with a thousand devices, each once a second, keeps, and how long it is busy at a time. */
async function longRun(bench: Bench): Promise<Sample> {
  const { gateway, address, end } = await startRelaying(bench);
  const load = await startDevices(gateway.mqttPort, many, many);
  const browser = await openBrowser();
  try {
    await delay(2_000);
    const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
    await page.goto(`http://${address}/#/devices`);
    await page.getByText(`${new Intl.NumberFormat('en').format(many)} devices`).waitFor();
    await delay(10_000);
    await page.evaluate(`
      window.longest = 0;
      new PerformanceObserver((list) => { for (const { duration } of list.getEntries()) window.longest = Math.max(window.longest, duration); })
        .observe({ type: 'longtask' });
    `);
    const before = await heapBytes(page);
    await delay(bench.seconds * heapTimes * 1_000);
    const longestMs = (await page.evaluate('window.longest')) as number;
    const grownMb = ((await heapBytes(page)) - before) / 1e6;
    return { grownMb, longestMs };
  } finally {
    load.end();
    await browser.close();
    await end();
  }
}

async function heapBytes(page: Page): Promise<number> {
  const session = await page.context().newCDPSession(page);
  await session.send('HeapProfiler.collectGarbage');
  const { usedSize } = await session.send('Runtime.getHeapUsage');
  await session.detach();
  return usedSize;
}

const chart = `first chart, processor ${throttle} times slower`;
const none = `${openRate} msg/s, no dashboard`;
const one = `${openRate} msg/s, a dashboard open`;
const long = `${many} devices, 1 msg/s each`;

export const dashboard: Scenario = {
  name: 'dashboard',
  title: 'Dashboard: how soon, and what it costs',
  about: `A device's page is opened with nothing in the browser's cache, its processor ${throttle} times slower by Chromium's own means, until its last hour is drawn (median of five). What an open dashboard costs is the gateway's processor time with the list of fifty devices open, less that without, at ${openRate} messages a second. A list of ${many} devices that each say something every second stays open for ${heapTimes} times as long: how much more the page's heap keeps, and its longest task after the first ten seconds.`,
  seconds: 60,
  rounds: 1,
  metrics: [
    { key: 'chartMs', label: 'ms to the chart', digits: 0 },
    { key: 'percent', label: '% of a core', digits: 2 },
    { key: 'grownMb', label: 'MB grown', digits: 1 },
    { key: 'longestMs', label: 'longest task ms', digits: 0 },
  ],
  peers: [
    { name: chart, run: firstChart },
    { name: none, run: (bench) => openDashboard(bench, false) },
    { name: one, run: (bench) => openDashboard(bench, true) },
    { name: long, run: longRun },
  ],
  goals: (summary) => [
    atMost('the first chart', summary.median(chart, 'chartMs'), 1_000, 'ms'),
    atMost('what an open dashboard costs', summary.median(one, 'percent') - summary.median(none, 'percent'), 3, '%'),
    atMost('growth of the heap', summary.median(long, 'grownMb'), 20, 'MB'),
    atMost('the longest task', summary.median(long, 'longestMs'), 200, 'ms'),
  ],
};

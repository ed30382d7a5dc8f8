import { execFileSync } from 'node:child_process';
import type { TestContext } from 'node:test';
import { type Browser, chromium, type Page } from 'playwright-core';
import { atEnd } from './at-end.ts';

let shared: Promise<Browser> | undefined;

/** Debian's chromium, one for all tests of a file. It must be closed by {@link closeBrowser} in an `after`. */
export function openBrowser(): Promise<Browser> {
  shared ??= chromium.launch({
    executablePath: execFileSync('which', ['chromium'], { encoding: 'utf8' }).trim(),
    args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'],
  });
  return shared;
}

export async function closeBrowser(): Promise<void> {
  await (await shared)?.close();
  shared = undefined;
}

export interface Watched {
  readonly page: Page;
  /** What went wrong in the page: exceptions, errors on its console, requests to other hosts. Tests assert that there is none. */
  readonly faults: string[];
}

/** A page of its own, with cookies of its own, that keeps what goes wrong in it. */
export async function openPage(
  t: TestContext,
  url: string,
  options: { width?: number; height?: number; theme?: 'light' | 'dark'; locale?: string } = {},
): Promise<Watched> {
  const { width = 1280, height = 800, theme = 'light', locale = 'en' } = options;
  const context = await (await openBrowser()).newContext({ viewport: { width, height }, colorScheme: theme, locale });
  atEnd(t, () => context.close());
  const page = await context.newPage();
  page.setDefaultTimeout(30_000);
  const faults: string[] = [];
  page.on('pageerror', (error) => faults.push(String(error)));
  page.on('console', (message) => {
    // Chromium writes a line for each answer of 400 and more; what the page makes of it is what counts.
    if (message.type() === 'error' && !/^Failed to load resource/.test(message.text())) faults.push(message.text());
  });
  const { host } = new URL(url);
  page.on('request', (request) => {
    const asked = new URL(request.url());
    if (asked.host !== host && asked.protocol !== 'data:' && asked.protocol !== 'blob:') faults.push(request.url());
  });
  await page.goto(url);
  return { page, faults };
}

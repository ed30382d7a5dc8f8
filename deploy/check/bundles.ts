import { execFileSync } from 'node:child_process';
import { createReadStream, rmSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { makeBundle } from '../image/bundle.ts';
import { signingKeys } from '../image/keys.ts';
import type { Architecture } from '../package/program.ts';
import { partitionOf } from './disk-image.ts';

/** Bundles for updates, at an address of this machine that the appliance reaches. */
export interface Bundles {
  /** The same system once more. */
  readonly good: string;
  /** One whose gateway does not start. */
  readonly bad: string;
}

/** Makes them of the root file system that is on the card: signed as the image's, so by who has built that. */
export async function serveBundles(
  t: TestContext,
  { card, directory, architecture }: { card: string; directory: string; architecture: Architecture },
): Promise<Bundles> {
  const image = 'root.ext4';
  copyRoot(card, join(directory, image));
  const make = (target: string, build: string) =>
    makeBundle({ architecture, version: '0.0.0-check', build, image, target, packing: 'quick' }, signingKeys(), {
      work: directory,
      date: Math.floor(Date.now() / 1000),
    });
  make('good.raucb', 'good');
  // Without its Node there is nothing to start.
  execFileSync('debugfs', ['-w', '-R', 'rm /usr/lib/headgate/bin/node', join(directory, image)], { stdio: 'pipe' });
  make('bad.raucb', 'bad');
  rmSync(join(directory, image));
  const server = createServer((request, response) => {
    const name = request.url?.slice(1) ?? '';
    if (name !== 'good.raucb' && name !== 'bad.raucb') {
      response.writeHead(404).end();
      return;
    }
    const path = join(directory, name);
    response.writeHead(200, { 'content-length': statSync(path).size, 'content-type': 'application/octet-stream' });
    createReadStream(path).pipe(response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { good: `http://10.0.2.2:${port}/good.raucb`, bad: `http://10.0.2.2:${port}/bad.raucb` };
}

function copyRoot(card: string, to: string): void {
  const root = partitionOf(card, 2);
  const mib = 2 ** 20;
  const where = [`skip=${root.from / mib}`, `count=${(root.to - root.from) / mib}`];
  execFileSync('dd', [`if=${card}`, `of=${to}`, 'bs=1M', ...where, 'conv=sparse'], { stdio: 'pipe' });
}

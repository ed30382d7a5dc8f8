// A gateway's stand-in: holds an embedded collector until it is killed. Prints the collector's address and process id.
import { writeSync } from 'node:fs';
import { EmbeddedCollector } from '../../src/collector/embedded.ts';
import { silentLog } from '../../src/lib/log.ts';
import { collectorDefaults } from '../support/options.ts';

const [sink = ''] = process.argv.slice(2);
const collector = new EmbeddedCollector({ ...collectorDefaults, port: 0, sink }, silentLog);
await collector.start(new AbortController().signal);
writeSync(1, `${collector.address} ${collector.pid}\n`);

import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

// npm run generate: writes the files of the local gRPC services, as tools ask for them by reflection. An argument names another
// folder to write into.

const root = join(import.meta.dirname, '../..');
const paths = ['headgate/v1/gateway.proto', 'grpc/health/v1/health.proto', 'grpc/reflection/v1/reflection.proto'];
const args = ['build', '--exclude-source-info', '-o', '-', ...paths.flatMap((path) => ['--path', `protos/${path}`])];
const set = execFileSync(join(root, 'node_modules/.bin/buf'), args, { cwd: root });
const lines = set.toString('base64').match(/.{1,116}/g) ?? [];
writeFileSync(
  join(process.argv[2] ?? root, 'src/wire/generated/descriptors.ts'),
  `// An encoded google.protobuf.FileDescriptorSet, as base64: ${paths.join(', ')} and what they import.\n` +
    `export const descriptors =\n${lines.map((line) => `  '${line}'`).join(' +\n')};\n`,
);

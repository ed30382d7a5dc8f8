import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { create, createFileRegistry, type DescMessage, fromBinary, type Message, toBinary } from '@bufbuild/protobuf';
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';

const root = join(import.meta.dirname, '../..');

/** The protocol as a release knew it: encodes and decodes by that release's own schema, whatever has been added since. */
export class ReleasedProtocol {
  readonly #registry: ReturnType<typeof createFileRegistry>;

  /** @param release a folder of `test/wire/released` */
  constructor(release: string) {
    const directory = join('test/wire/released', release);
    const image = execFileSync(join(root, 'node_modules/.bin/buf'), ['build', directory, '-o', '-#format=bin'], {
      cwd: root,
    });
    this.#registry = createFileRegistry(fromBinary(FileDescriptorSetSchema, image));
  }

  /** @param init as the library takes it: camelCase names, `{ case, value }` for a oneof */
  encode(type: string, init: object): Buffer {
    const schema = this.#schema(type);
    return Buffer.from(toBinary(schema, create(schema, init as never)));
  }

  /** Which member of its oneof `message` is set, and what it holds; undefined when it is none that the release knows. */
  messageIn(
    type: string,
    bytes: Uint8Array,
  ): { readonly name: string; readonly value: Record<string, unknown> } | undefined {
    const schema = this.#schema(type);
    const { case: name, value } = (
      fromBinary(schema, bytes) as Message & { message: { case?: string; value?: unknown } }
    ).message;
    return name === undefined ? undefined : { name, value: value as Record<string, unknown> };
  }

  #schema(type: string): DescMessage {
    const schema = this.#registry.getMessage(`headgate.v1.${type}`);
    if (schema === undefined) throw new Error(`the release knows no ${type}`);
    return schema;
  }
}

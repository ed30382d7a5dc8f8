import { createFileRegistry, type DescFile, type FileRegistry, fromBinary, toBinary } from '@bufbuild/protobuf';
import { FileDescriptorProtoSchema, FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import { descriptors } from './generated/descriptors.ts';
import { type ServerReflectionRequest, ServerReflectionResponse } from './generated/grpc/reflection/v1/reflection.ts';

type Answer = NonNullable<ServerReflectionResponse['messageResponse']>;

// gRPC's status codes; its library has no home here.
const notFound = 5;
const unimplemented = 12;

const registry: FileRegistry = createFileRegistry(
  fromBinary(FileDescriptorSetSchema, Buffer.from(descriptors, 'base64')),
);

/** What a tool is told that asks what this server can be asked (gRPC Server Reflection Protocol). Pure. */
export function reflect(request: ServerReflectionRequest): ServerReflectionResponse {
  return ServerReflectionResponse.fromPartial({
    validHost: request.host,
    originalRequest: request,
    messageResponse: answer(request.messageRequest),
  });
}

function answer(asked: ServerReflectionRequest['messageRequest']): Answer {
  switch (asked?.$case) {
    case 'listServices':
      return { $case: 'listServicesResponse', value: { service: services().map((name) => ({ name })) } };
    case 'fileByFilename':
      return fileOf(registry.getFile(asked.value), asked.value);
    case 'fileContainingSymbol':
      return fileOf(declaring(asked.value), asked.value);
    case 'fileContainingExtension':
    case 'allExtensionNumbersOfType':
      return failure(notFound, 'There are no extensions.');
    case undefined:
      return failure(unimplemented, 'This question is not known.');
  }
}

function services(): string[] {
  const all = [...registry].filter(({ kind }) => kind === 'service').map(({ typeName }) => typeName);
  // Its file is there for a message that it shares.
  return all.filter((name) => name !== 'headgate.v1.Uplink');
}

/** The file that declares a name: a message, an enum, a service, or a method of one. */
function declaring(name: string): DescFile | undefined {
  const found = registry.get(name);
  if (found !== undefined) return found.file;
  const at = name.lastIndexOf('.');
  return registry.getService(name.slice(0, Math.max(0, at)))?.file;
}

/** A file, and all that it imports, each once. */
function fileOf(file: DescFile | undefined, name: string): Answer {
  if (file === undefined) return failure(notFound, `There is no ${name.slice(0, 200)}.`);
  const all = new Set<DescFile>();
  const add = (one: DescFile): void => {
    if (all.has(one)) return;
    all.add(one);
    one.dependencies.forEach(add);
  };
  add(file);
  const encoded = Array.from(all, ({ proto }) => toBinary(FileDescriptorProtoSchema, proto));
  return { $case: 'fileDescriptorResponse', value: { fileDescriptorProto: encoded } };
}

function failure(errorCode: number, errorMessage: string): Answer {
  return { $case: 'errorResponse', value: { errorCode, errorMessage } };
}

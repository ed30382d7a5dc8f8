import { BinaryWriter } from '@bufbuild/protobuf/wire';
import { bytesOf } from './codec-support.ts';

// Payloads of Sparkplug B: real ones, and a writer for others that is not our reader's twin.

export interface MetricSpec {
  readonly name?: string;
  readonly alias?: number | bigint;
  readonly time?: number;
  readonly type?: number;
  readonly isNull?: true;
  readonly isHistorical?: true;
  readonly unit?: string;
  readonly quality?: number;
  readonly description?: string;
  readonly int?: number | bigint;
  readonly long?: number | bigint;
  readonly float?: number;
  readonly double?: number;
  readonly boolean?: boolean;
  readonly text?: string;
  readonly bytes?: Uint8Array;
  readonly dataSet?: Uint8Array;
  readonly template?: Uint8Array;
}

const optional = <T>(value: T | undefined, write: (value: T) => void): void => {
  if (value !== undefined) write(value);
};

export function metricOf(spec: MetricSpec): Uint8Array {
  const writer = new BinaryWriter();
  optional(spec.name, (value) => writer.tag(1, 2).string(value));
  optional(spec.alias, (value) => writer.tag(2, 0).uint64(value));
  optional(spec.time, (value) => writer.tag(3, 0).uint64(value));
  optional(spec.type, (value) => writer.tag(4, 0).uint32(value));
  optional(spec.isHistorical, (value) => writer.tag(5, 0).bool(value));
  optional(spec.isNull, (value) => writer.tag(7, 0).bool(value));
  optional(spec.description, (value) => writer.tag(8, 2).bytes(new BinaryWriter().tag(8, 2).string(value).finish()));
  if (spec.unit !== undefined || spec.quality !== undefined) {
    const set = new BinaryWriter();
    optional(spec.unit, () => set.tag(1, 2).string('engUnit'));
    optional(spec.quality, () => set.tag(1, 2).string('Quality'));
    optional(spec.unit, (value) =>
      set.tag(2, 2).bytes(new BinaryWriter().tag(1, 0).uint32(12).tag(8, 2).string(value).finish()),
    );
    optional(spec.quality, (value) =>
      set.tag(2, 2).bytes(new BinaryWriter().tag(1, 0).uint32(3).tag(3, 0).uint32(value).finish()),
    );
    writer.tag(9, 2).bytes(set.finish());
  }
  optional(spec.int, (value) => writer.tag(10, 0).uint64(value));
  optional(spec.long, (value) => writer.tag(11, 0).uint64(value));
  optional(spec.float, (value) => writer.tag(12, 5).float(value));
  optional(spec.double, (value) => writer.tag(13, 1).double(value));
  optional(spec.boolean, (value) => writer.tag(14, 0).bool(value));
  optional(spec.text, (value) => writer.tag(15, 2).string(value));
  optional(spec.bytes, (value) => writer.tag(16, 2).bytes(value));
  optional(spec.dataSet, (value) => writer.tag(17, 2).bytes(value));
  optional(spec.template, (value) => writer.tag(18, 2).bytes(value));
  return writer.finish();
}

export interface PayloadSpec {
  readonly time?: number;
  readonly seq?: number;
  readonly uuid?: string;
  readonly body?: Uint8Array;
}

export function payloadOf(metrics: readonly MetricSpec[], spec: PayloadSpec = {}): Uint8Array {
  const writer = new BinaryWriter();
  optional(spec.time, (value) => writer.tag(1, 0).uint64(value));
  for (const metric of metrics) writer.tag(2, 2).bytes(metricOf(metric));
  optional(spec.seq, (value) => writer.tag(3, 0).uint64(value));
  optional(spec.uuid, (value) => writer.tag(4, 2).string(value));
  optional(spec.body, (value) => writer.tag(5, 2).bytes(value));
  return writer.finish();
}

export function templateOf(members: readonly MetricSpec[], isDefinition = false): Uint8Array {
  const writer = new BinaryWriter();
  for (const member of members) writer.tag(2, 2).bytes(metricOf(member));
  return writer.tag(4, 2).string('Motor').tag(5, 0).bool(isDefinition).finish();
}

/** Two columns, `time` (DateTime) and `level` (Int16), with a row of both and one whose level is null. */
export function dataSetOf(isPacked: boolean): Uint8Array {
  const writer = new BinaryWriter().tag(1, 0).uint64(2).tag(2, 2).string('time').tag(2, 2).string('level');
  if (isPacked) writer.tag(3, 2).bytes(new BinaryWriter().uint32(13).uint32(2).finish());
  else writer.tag(3, 0).uint32(13).tag(3, 0).uint32(2);
  const cell = (field: number, value: number | bigint) => new BinaryWriter().tag(field, 0).uint64(value).finish();
  const row = (...cells: Uint8Array[]) => {
    const row = new BinaryWriter();
    for (const bytes of cells) row.tag(1, 2).bytes(bytes);
    return row.finish();
  };
  writer.tag(4, 2).bytes(row(cell(2, 1486144502122n), cell(1, 65_535)));
  return writer
    .tag(4, 2)
    .bytes(row(cell(2, 1486144502123n), new Uint8Array()))
    .finish();
}

/** united-manufacturing-hub/benthos-umh, sparkplug_plugin/test_vectors.go. */
export const nodeBirth = bytesOf(
  `08d2e283b9fa32120d0a056264536571100120085858121c0a144e6f646520436f6e74726f6c2f526562697274681002200b7000121a0a0b54656d
   70657261747572651064200a6900000000008035401800`,
);
export const dataByAlias = bytesOf('08d2e283b9fa32120d1064200a6900000000008036401801');
export const dataWithGap = bytesOf('08d2e283b9fa32120d1064200a690000000000003b401805');
export const dataAround = bytesOf('08d2e283b9fa32120d1064200a690000000000003e401800');
/** With another bdSeq than the birth's. */
export const staleDeath = bytesOf('08d2e283b9fa32120d0a056264536571100020085800 1800');

/** Eclipse Sparkplug 3.0.0, chapter 6, examples of NDATA and DDATA, encoded after their JSON. */
export const specNodeData = bytesOf(
  '08eaf2f5a8a02b121e0a0e537570706c7920566f6c7461676518eaf2f5a8a02b200965cdcc44411802',
);
export const specDeviceData = bytesOf(
  '08eaf2f5a8a02b12150a08496e707574732f4118eaf2f5a8a02b200b700112150a08496e707574732f4318eaf2f5a8a02b200b70011800',
);

import {
  DiscardPolicy,
  JetStreamApiError,
  type JetStreamManager,
  RetentionPolicy,
  StorageType,
  type StreamConfig,
} from '@nats-io/jetstream';
import { nanos } from '@nats-io/transport-node';
import { HeadgateError } from '../core/errors.ts';
import { subjectRoot } from './nats-subjects.ts';
import type { NatsOptions } from './options.ts';

const streamNotFound = 10059;
const nameInUse = 10058;

/** The stream of records as it is found or made. */
export interface RecordStream {
  /** Of the last message in it. */
  readonly lastSequence: number;
  readonly duplicateWindowMs: number;
  /** Bytes that one message may have at the most, headers included; undefined: what the server takes. */
  readonly maxMessageBytes: number | undefined;
}

/** The bucket in which collectors keep how far they are with each gateway. */
export function progressBucket({ stream }: Pick<NatsOptions, 'stream'>): string {
  return `${stream}-progress`;
}

/** The bucket for what collectors remember beside records. */
export function stateBucket({ stream }: Pick<NatsOptions, 'stream'>): string {
  return `${stream}-state`;
}

/**
 * Finds the stream, or makes it. One that is there is taken as it is; what is wrong with it is told.
 *
 * @param minWindowMs below which a record might be stored twice
 * @throws HeadgateError `config.invalid` when the stream can't keep what collectors promise
 */
export async function ensureStream(
  manager: JetStreamManager,
  options: NatsOptions,
  minWindowMs: number,
  note: (message: string) => void,
): Promise<RecordStream> {
  const { config, state } = (await find(manager, options.stream)) ?? (await create(manager, options));
  const fault = faultOf(config);
  if (fault !== undefined) {
    throw new HeadgateError(
      'config.invalid',
      `The JetStream stream ${options.stream} ${fault}. Name another with \`collector.nats.stream\`, or correct this one.`,
    );
  }
  for (const worry of worriesAbout(config, minWindowMs)) note(`The JetStream stream ${options.stream} ${worry}.`);
  const { max_msg_size: maxSize } = config;
  return {
    lastSequence: state.last_seq,
    duplicateWindowMs: config.duplicate_window / 1e6,
    maxMessageBytes: maxSize > 0 ? maxSize : undefined,
  };
}

async function find(manager: JetStreamManager, stream: string) {
  try {
    return await manager.streams.info(stream);
  } catch (error) {
    if (error instanceof JetStreamApiError && error.code === streamNotFound) return undefined;
    throw error;
  }
}

async function create(manager: JetStreamManager, options: NatsOptions) {
  const { stream, replicas, maxAge, maxBytes, duplicateWindow } = options;
  try {
    return await manager.streams.add({
      name: stream,
      description: 'Records from Headgate gateways',
      subjects: [`${subjectRoot}.*.*`],
      storage: StorageType.File,
      retention: RetentionPolicy.Limits,
      // When it is full, gateways wait: nothing that was acknowledged is thrown away for what comes next.
      discard: DiscardPolicy.New,
      num_replicas: replicas,
      max_age: nanos(maxAge ?? 0),
      max_bytes: maxBytes ?? -1,
      duplicate_window: nanos(duplicateWindow),
    });
  } catch (error) {
    // Another collector was faster.
    if (error instanceof JetStreamApiError && error.code === nameInUse) return await manager.streams.info(stream);
    throw error;
  }
}

/** Why a stream can't be used at all. */
function faultOf(config: StreamConfig): string | undefined {
  const { storage, retention, no_ack: isSilent, subjects = [] } = config;
  if (storage !== StorageType.File) return 'keeps its messages in memory, where no acknowledged record is safe';
  if (retention !== RetentionPolicy.Limits) {
    return `deletes messages as they are read (retention "${retention}"), so that it can't tell what it has had`;
  }
  if (isSilent) return 'acknowledges nothing (no_ack)';
  const wanted = [`${subjectRoot}.*.*`, `${subjectRoot}.>`, '>'];
  if (!subjects.some((subject) => wanted.includes(subject))) {
    return `does not take ${subjectRoot}.*.*, only ${subjects.join(', ') || 'nothing'}`;
  }
  return undefined;
}

/** What the owner of a stream should know about it. */
function worriesAbout(config: StreamConfig, minWindowMs: number): string[] {
  const worries: string[] = [];
  const isBounded = config.max_bytes > 0 || config.max_msgs > 0;
  if (config.discard === DiscardPolicy.Old && isBounded) {
    worries.push(
      'throws its oldest records away when it is full (discard "old"), whether anybody has read them or not',
    );
  }
  if (config.max_msgs_per_subject > 0) {
    worries.push(`keeps only the newest ${config.max_msgs_per_subject} records of each device`);
  }
  const windowMs = config.duplicate_window / 1e6;
  if (windowMs < minWindowMs) {
    worries.push(
      `knows a record again for ${windowMs} ms only: when two collectors serve a gateway for a moment, a record that is on its way for longer may be stored twice. Give it a duplicate window of ${minWindowMs / 1000} s or more`,
    );
  }
  return worries;
}

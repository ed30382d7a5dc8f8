import {
  type GetMeasurementsRequest,
  type GetMeasurementsResponse,
  MeasuredSeries,
} from '../../wire/generated/headgate/v1/gateway.ts';
import { timestampOf } from '../../wire/timestamp.ts';
import type { DevicesApi } from '../devices-routes.ts';
import type { SeriesBody } from '../measurements/history-answer.ts';
import { type HistoryApi, measurementsBody } from '../measurements/history-routes.ts';

export interface MeasurementsParts {
  readonly history: HistoryApi;
  readonly devices: Pick<DevicesApi, 'describe'>;
}

/** @throws {HeadgateError} as `measurementsBody` */
export async function measurementsCall(
  { deviceId, fields, from, to, maxPoints, bucketSeconds }: GetMeasurementsRequest,
  { history, devices }: MeasurementsParts,
): Promise<GetMeasurementsResponse> {
  const parameters = {
    device: deviceId,
    field: fields,
    ...(from && { from: textOf(from) }),
    ...(to && { to: textOf(to) }),
    ...(maxPoints !== 0 && { points: String(maxPoints) }),
    ...(bucketSeconds !== 0 && { bucket: `${bucketSeconds}s` }),
  };
  const told = await measurementsBody(parameters, history, devices);
  return {
    series: (told.series ?? []).map(seriesMessage),
    bucketSeconds: told.bucketSeconds ?? 0,
    leftSeries: told.leftSeries,
    losses: told.losses.map((loss) => ({
      from: timestampOf(Date.parse(loss.from)),
      to: timestampOf(Date.parse(loss.to)),
      points: BigInt(loss.points),
      reason: loss.reason,
    })),
  };
}

function seriesMessage({
  field,
  tags,
  unit,
  type,
  times,
  values = [],
  count = [],
  ...rest
}: SeriesBody): MeasuredSeries {
  const { min = [], max = [], avg = [], first = [], last = [] } = rest;
  return MeasuredSeries.fromPartial({
    ...{ field, tags, unit: unit ?? '', min: [...min], max: [...max], avg: [...avg] },
    ...{ first: [...first], last: [...last] },
    timeMs: times.map((ms) => BigInt(ms)),
    ...(type === 'text' ? { texts: values.map(String) } : { values: values.map(Number) }),
    count: count.map((one) => BigInt(one)),
  });
}

/** As `from` and `to` are written; what is no time is refused there. */
function textOf({ seconds, nanos }: { readonly seconds: bigint; readonly nanos: number }): string {
  const date = new Date(Number(seconds) * 1_000 + Math.floor(nanos / 1e6));
  return Number.isNaN(date.getTime()) ? 'no time' : date.toISOString();
}

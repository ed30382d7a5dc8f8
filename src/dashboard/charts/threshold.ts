/** A line across the chart. */
export interface Threshold {
  readonly value: number;
  readonly label: string;
  /** It belongs to the axis of that unit. */
  readonly unit?: string | null | undefined;
  readonly tone?: 'warn' | 'bad' | 'idle';
}

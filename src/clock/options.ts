import { type Static, Type } from 'typebox';

export const clockOptions = Type.Object({
  synchronisedFile: Type.Optional(
    Type.String({
      minLength: 1,
      description:
        "A file that time synchronisation touches as long as it keeps the system's clock right: the clock counts as synchronised when it was touched since boot and within three hours. Unset: those of systemd-timesyncd, chrony and ntpd.",
      examples: ['/run/systemd/timesync/synchronized'],
    }),
  ),
  trustSystem: Type.Boolean({
    default: false,
    description:
      "The system's clock is kept right in a way that leaves no such trace: by the host of a virtual machine, PTP or GPS.",
  }),
});
export type ClockOptions = Static<typeof clockOptions>;

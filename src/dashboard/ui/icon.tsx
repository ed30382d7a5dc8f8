/** Line icons, 24 by 24, drawn for Headgate. */
const paths = {
  overview: 'M4 13a8 8 0 1 1 16 0M12 13l4-4M5 18h14',
  devices: 'M8 4h8v16H8zM11 17h2M4 9a5 5 0 0 0 0 6M20 9a5 5 0 0 1 0 6',
  discover: 'M11 4a7 7 0 1 1 0 14 7 7 0 0 1 0-14zM16 16l4 4M11 8v6M8 11h6',
  uplink: 'M5 4v16M19 4v16M9 5h6v6H9zM8 17c1.5-1.5 2.5-1.5 4 0s2.500 1.500 4 0',
  alarms: 'M6 16V11a6 6 0 1 1 12 0v5l1.500 2h-15zM10 21h4',
  explore: 'M4 19h16M4 15l5-6 4 4 7-8',
  logs: 'M5 5h14M5 10h14M5 15h9M5 20h6',
  settings: 'M4 7h9M17 7h3M4 17h3M11 17h9M13 5v4h4V5zM7 15v4h4v-4z',
  check: 'M5 12.500l4.500 4.500L19 7.500',
  warning: 'M12 4l9 16H3zM12 10v4M12 17v.5',
  error: 'M12 3a9 9 0 1 1 0 18 9 9 0 0 1 0-18zM9 9l6 6M15 9l-6 6',
  idle: 'M12 3a9 9 0 1 1 0 18 9 9 0 0 1 0-18zM8 12h8',
  pause: 'M9 6v12M15 6v12',
  play: 'M8 5l11 7-11 7z',
  copy: 'M9 9h11v11H9zM5 15H4V4h11v1',
  close: 'M6 6l12 12M18 6L6 18',
  more: 'M5 12v.01M12 12v.01M19 12v.01',
  download: 'M12 4v11M7 11l5 5 5-5M5 20h14',
  search: 'M11 4a7 7 0 1 1 0 14 7 7 0 0 1 0-14zM16 16l4 4',
  pin: 'M9 4h6l-1 6 3 3H7l3-3zM12 13v7',
  plus: 'M12 5v14M5 12h14',
  edit: 'M5 19l1-4L16 5l3 3L9 18zM14 7l3 3',
  trash: 'M5 7h14M10 7V4h4v3M7 7l1 13h8l1-13',
  person: 'M12 4a4 4 0 1 1 0 8 4 4 0 0 1 0-8zM4 20c1-4 4-6 8-6s7 2 8 6',
  chart: 'M5 4v15h15M8 15l4-5 3 3 4-6',
  table: 'M4 5h16v14H4zM4 10h16M10 5v14',
  refresh: 'M19 12a7 7 0 1 1-2-5M19 4v4h-4',
  arrow: 'M5 12h14M13 6l6 6-6 6',
} as const;
export type IconName = keyof typeof paths;

/** Decoration: whatever it stands for is said in words too. */
export function Icon({ name }: { readonly name: IconName }) {
  return (
    <svg class="icon" viewBox="0 0 24 24" aria-hidden="true">
      <path d={paths[name]} />
    </svg>
  );
}

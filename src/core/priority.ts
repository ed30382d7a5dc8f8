/** Which records go first when the uplink is short, and which are dropped last when space is. */
export type Priority = 'critical' | 'normal' | 'bulk';

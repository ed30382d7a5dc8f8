/** What a topic says (Sparkplug 3.0.0 § 4). */
export type SparkplugTopic =
  /** A host application's state: `spBv1.0/STATE/<host>`, before version 3 `STATE/<host>`. Its payload is no protobuf. */
  | { readonly kind: 'state'; readonly host: string }
  /** From or for a node, or one of its devices. */
  | {
      readonly kind: 'node';
      readonly type: NodeType;
      readonly group: string;
      readonly node: string;
      /** Absent: the node itself. */
      readonly device?: string;
    };

const nodeTypes = ['NBIRTH', 'NDATA', 'NDEATH', 'NCMD'] as const;
const deviceTypes = ['DBIRTH', 'DDATA', 'DDEATH', 'DCMD'] as const;
export type NodeType = (typeof nodeTypes)[number] | (typeof deviceTypes)[number];

export const namespace = 'spBv1.0';

/** Undefined when it is no topic of Sparkplug B. */
export function parseTopic(topic: string): SparkplugTopic | undefined {
  const levels = topic.split('/');
  const [first, second, type, node, device] = levels;
  if (first === 'STATE' && levels.length === 2 && second) return { kind: 'state', host: second };
  if (first !== namespace || !second) return undefined;
  if (second === 'STATE') return levels.length === 3 && type ? { kind: 'state', host: type } : undefined;
  if (!node) return undefined;
  if (levels.length === 4 && isOneOf(nodeTypes, type)) return { kind: 'node', type, group: second, node };
  if (levels.length === 5 && device && isOneOf(deviceTypes, type)) {
    return { kind: 'node', type, group: second, node, device };
  }
  return undefined;
}

function isOneOf<T extends string>(all: readonly T[], one: string | undefined): one is T {
  return (all as readonly (string | undefined)[]).includes(one);
}

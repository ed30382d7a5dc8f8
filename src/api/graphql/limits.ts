import { type ASTVisitor, GraphQLError, Kind, type SelectionSetNode, type ValidationContext } from 'graphql';

/** How deep fields may lie in one another. */
export const maxDepth = 8;
/** What a query may cost: a field counts one, times the length of the lists that it lies in. */
export const maxCost = 20_000;
/** A list whose length nobody asked for. */
const usualLength = 10;

/** Refuses what is too deep or would be too much work, before any of it is done. Fragments count wherever they are spread. */
export function withinLimits(context: ValidationContext): ASTVisitor {
  return {
    OperationDefinition(operation) {
      const measured = measure(context, operation.selectionSet, 1, 0, new Set(), { left: 10_000 });
      if (measured === undefined || measured.cost > maxCost) {
        const text = `The query asks for too much: it may cost ${maxCost}${measured === undefined ? '' : `, and costs ${measured.cost}`}.`;
        context.reportError(new GraphQLError(`${text} A field counts one, times the length of the lists around it.`));
      } else if (measured.depth > maxDepth) {
        context.reportError(new GraphQLError(`The query is ${measured.depth} levels deep; ${maxDepth} are allowed.`));
      }
    },
  };
}

interface Measure {
  readonly depth: number;
  readonly cost: number;
}

/** @param budget of steps: spread again and again, a few fragments make billions of fields. @returns undefined when it is used up */
function measure(
  context: ValidationContext,
  { selections }: SelectionSetNode,
  times: number,
  depth: number,
  spreading: ReadonlySet<string>,
  budget: { left: number },
): Measure | undefined {
  const most = { depth, cost: 0 };
  for (const selection of selections) {
    if (--budget.left < 0) return undefined;
    let inner: Measure | undefined = { depth: depth + 1, cost: 0 };
    switch (selection.kind) {
      case Kind.FIELD: {
        const length = lengthOf(selection.arguments ?? [], selection.name.value, depth);
        if (selection.selectionSet !== undefined)
          inner = measure(context, selection.selectionSet, times * length, depth + 1, spreading, budget);
        if (inner !== undefined) inner = { depth: inner.depth, cost: inner.cost + times };
        break;
      }
      case Kind.INLINE_FRAGMENT:
        inner = measure(context, selection.selectionSet, times, depth, spreading, budget);
        break;
      case Kind.FRAGMENT_SPREAD: {
        const name = selection.name.value;
        const fragment = context.getFragment(name);
        // Of one that spreads itself another rule says what is wrong.
        if (fragment && !spreading.has(name))
          inner = measure(context, fragment.selectionSet, times, depth, new Set([...spreading, name]), budget);
        break;
      }
    }
    if (inner === undefined) return undefined;
    most.depth = Math.max(most.depth, inner.depth);
    most.cost += inner.cost;
  }
  return most;
}

type Arguments = readonly { readonly name: { readonly value: string }; readonly value: { readonly kind: string } }[];

function lengthOf(given: Arguments, field: string, depth: number): number {
  const first = given.find(({ name }) => name.value === 'first')?.value;
  // A page's own list is as long as was asked of the page.
  if (first === undefined) return lists.has(field) ? usualLength : pages.has(field) && depth === 0 ? 100 : 1;
  // What a variable says is not known yet: the most that it may.
  return first.kind === Kind.INT && 'value' in first ? Math.max(1, Number(first.value)) : 1_000;
}

const pages: ReadonlySet<string> = new Set(['devices', 'alarms']);
const lists: ReadonlySet<string> = new Set(['fields', 'attributes', 'topics', 'series', 'losses']);

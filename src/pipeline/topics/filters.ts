/** Whether there can be a topic that both of two topic filters match. */
export function overlap(one: string, other: string): boolean {
  const [a, b] = [one.split('/'), other.split('/')];
  for (let at = 0; ; at++) {
    const [left, right] = [a[at], b[at]];
    if (left === '#' || right === '#') return true;
    // A last # also stands for the parent level itself.
    if (left === undefined || right === undefined) {
      return left === right || (a[at] ?? b[at]) === '#';
    }
    if (left !== '+' && right !== '+' && left !== right) return false;
  }
}

import { useEffect, useState } from 'preact/hooks';

/** A text as it is when it has not changed for a moment: so that what a key runs through is not all read out. */
export function useAnnounced(text: string): string {
  const [said, say] = useState('');
  useEffect(() => {
    const timer = setTimeout(() => say(text), 400);
    return () => clearTimeout(timer);
  }, [text]);
  return said;
}

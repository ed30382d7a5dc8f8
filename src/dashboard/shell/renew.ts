/** So often at the most, in ms: what can't be loaded for another reason is said instead. */
const leastApartMs = 60_000;
const key = 'headgate.renewed';

/**
 * Loads the whole page anew when a part of it is not there any more: the gateway was updated, and its files have other names.
 *
 * @param failed loading a part
 */
export function renewWhenUpdated(failed: EventTarget): void {
  failed.addEventListener('vite:preloadError', (event) => {
    try {
      if (Date.now() - Number(sessionStorage.getItem(key) ?? 0) < leastApartMs) return;
      sessionStorage.setItem(key, String(Date.now()));
    } catch {
      // Without a memory it could go round in circles.
      return;
    }
    event.preventDefault();
    location.reload();
  });
}

// The shim zustand asks for, on Preact's own hook: the last selection is kept while it is equal.
import { useSyncExternalStore } from "preact/compat";
import { useMemo, useRef } from "preact/hooks";

export function useSyncExternalStoreWithSelector(subscribe, getSnapshot, _server, selector, isEqual) {
  const last = useRef({});
  const read = useMemo(() => () => {
    const snapshot = getSnapshot();
    if (last.current.has && Object.is(last.current.snapshot, snapshot) && last.current.selector === selector) return last.current.value;
    const value = selector(snapshot);
    const kept = last.current.has && isEqual?.(last.current.value, value) ? last.current.value : value;
    last.current = { has: true, snapshot, selector, value: kept };
    return kept;
  }, [getSnapshot, selector, isEqual]);
  return useSyncExternalStore(subscribe, read);
}

export default { useSyncExternalStoreWithSelector };

/** Copies to the clipboard. Resolves with false where the browser refuses. */
export async function copyText(text: string): Promise<boolean> {
  try {
    // Undefined on plain HTTP from another host.
    if (navigator.clipboard) await navigator.clipboard.writeText(text);
    else return copySelected(text);
    return true;
  } catch {
    // Recovery: the user has refused the permission. Selected text needs none.
    return copySelected(text);
  }
}

/** The older way, which needs a selection in the page. */
function copySelected(text: string): boolean {
  const focused = document.activeElement;
  const area = document.createElement('textarea');
  area.value = text;
  area.className = 'unseen';
  document.body.append(area);
  area.select();
  const isCopied = document.execCommand('copy');
  area.remove();
  if (focused instanceof HTMLElement) focused.focus();
  return isCopied;
}

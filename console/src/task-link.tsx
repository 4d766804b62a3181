import { Link } from 'wouter';
import { useSession } from './session.tsx';

/** Requests and results of others are not shown, to admins neither. */
export function TaskLink({ id, owner }: { readonly id: string; readonly owner: string | undefined }) {
  const { me } = useSession();
  const text = (
    <code>
      {id.slice(0, 8)}…{id.slice(-4)}
    </code>
  );
  return owner === undefined || owner === me.id ? <Link href={`/tasks/${id}`}>{text}</Link> : text;
}

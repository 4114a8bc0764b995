-- Drafts and schedules are of a profile, so their audit is seen by whoever sees that one.
DROP POLICY visible_rows ON audit_event;
CREATE POLICY visible_rows ON audit_event FOR SELECT USING (
    every_client() OR CASE object_kind
        WHEN 'profile' THEN EXISTS (SELECT FROM profile WHERE slug = object_id)
        WHEN 'draft' THEN EXISTS (SELECT FROM draft WHERE draft_id = object_id::uuid)
        WHEN 'schedule' THEN EXISTS (SELECT FROM schedule WHERE schedule_id = object_id::uuid)
        WHEN 'client' THEN object_id = ANY (named_clients())
        WHEN 'brand' THEN object_id = ANY (named_clients())
        ELSE false END);

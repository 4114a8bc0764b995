-- Drafts and schedules are objects of the audit as well: their past is read by whoever may see
-- them, as for profiles.
ALTER POLICY visible_rows ON audit_event USING (
    every_client() OR CASE object_kind
        WHEN 'profile' THEN EXISTS (SELECT FROM profile WHERE slug = object_id)
        WHEN 'client' THEN object_id = ANY (named_clients())
        WHEN 'brand' THEN object_id = ANY (named_clients())
        WHEN 'draft' THEN EXISTS (SELECT FROM draft WHERE draft_id::text = object_id)
        WHEN 'schedule' THEN EXISTS (SELECT FROM schedule WHERE schedule_id::text = object_id)
        ELSE false END);
ALTER POLICY new_rows ON audit_event WITH CHECK (
    every_client() OR CASE object_kind
        WHEN 'profile' THEN EXISTS (SELECT FROM profile WHERE slug = object_id)
        WHEN 'client' THEN object_id = ANY (named_clients())
        WHEN 'brand' THEN object_id = ANY (named_clients())
        WHEN 'draft' THEN EXISTS (SELECT FROM draft WHERE draft_id::text = object_id)
        WHEN 'schedule' THEN EXISTS (SELECT FROM schedule WHERE schedule_id::text = object_id)
        ELSE true END);

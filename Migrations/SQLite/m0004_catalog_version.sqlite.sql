-- Whoever remembers what is published and offered sees by this number that it has changed.

ALTER TABLE deployment ADD COLUMN catalog_version INTEGER NOT NULL DEFAULT 0;

-- What is new of these is remembered by nobody yet.
CREATE TRIGGER catalog_titles_update AFTER UPDATE ON titles BEGIN
    UPDATE deployment SET catalog_version = catalog_version + 1;
END;
CREATE TRIGGER catalog_titles_delete AFTER DELETE ON titles BEGIN
    UPDATE deployment SET catalog_version = catalog_version + 1;
END;
CREATE TRIGGER catalog_articles_update AFTER UPDATE ON articles BEGIN
    UPDATE deployment SET catalog_version = catalog_version + 1;
END;
CREATE TRIGGER catalog_articles_delete AFTER DELETE ON articles BEGIN
    UPDATE deployment SET catalog_version = catalog_version + 1;
END;

CREATE TRIGGER catalog_access_rules_insert AFTER INSERT ON access_rules BEGIN
    UPDATE deployment SET catalog_version = catalog_version + 1;
END;
CREATE TRIGGER catalog_access_rules_update AFTER UPDATE ON access_rules BEGIN
    UPDATE deployment SET catalog_version = catalog_version + 1;
END;
CREATE TRIGGER catalog_access_rules_delete AFTER DELETE ON access_rules BEGIN
    UPDATE deployment SET catalog_version = catalog_version + 1;
END;
CREATE TRIGGER catalog_plans_insert AFTER INSERT ON plans BEGIN
    UPDATE deployment SET catalog_version = catalog_version + 1;
END;
CREATE TRIGGER catalog_plans_update AFTER UPDATE ON plans BEGIN
    UPDATE deployment SET catalog_version = catalog_version + 1;
END;
CREATE TRIGGER catalog_plans_delete AFTER DELETE ON plans BEGIN
    UPDATE deployment SET catalog_version = catalog_version + 1;
END;
CREATE TRIGGER catalog_plan_versions_insert AFTER INSERT ON plan_versions BEGIN
    UPDATE deployment SET catalog_version = catalog_version + 1;
END;
CREATE TRIGGER catalog_plan_versions_update AFTER UPDATE ON plan_versions BEGIN
    UPDATE deployment SET catalog_version = catalog_version + 1;
END;
CREATE TRIGGER catalog_plan_versions_delete AFTER DELETE ON plan_versions BEGIN
    UPDATE deployment SET catalog_version = catalog_version + 1;
END;
CREATE TRIGGER catalog_plan_prices_insert AFTER INSERT ON plan_prices BEGIN
    UPDATE deployment SET catalog_version = catalog_version + 1;
END;
CREATE TRIGGER catalog_plan_prices_update AFTER UPDATE ON plan_prices BEGIN
    UPDATE deployment SET catalog_version = catalog_version + 1;
END;
CREATE TRIGGER catalog_plan_prices_delete AFTER DELETE ON plan_prices BEGIN
    UPDATE deployment SET catalog_version = catalog_version + 1;
END;
CREATE TRIGGER catalog_plan_entitlements_insert AFTER INSERT ON plan_entitlements BEGIN
    UPDATE deployment SET catalog_version = catalog_version + 1;
END;
CREATE TRIGGER catalog_plan_entitlements_update AFTER UPDATE ON plan_entitlements BEGIN
    UPDATE deployment SET catalog_version = catalog_version + 1;
END;
CREATE TRIGGER catalog_plan_entitlements_delete AFTER DELETE ON plan_entitlements BEGIN
    UPDATE deployment SET catalog_version = catalog_version + 1;
END;

-- What articles say is remembered from one opening to the next, so that whatever changes it is counted too
-- (m0004_catalog_version). A new text is remembered by nobody yet.

CREATE TRIGGER catalog_article_contents_update AFTER UPDATE ON article_contents BEGIN
    UPDATE deployment SET catalog_version = catalog_version + 1;
END;
CREATE TRIGGER catalog_article_contents_delete AFTER DELETE ON article_contents BEGIN
    UPDATE deployment SET catalog_version = catalog_version + 1;
END;

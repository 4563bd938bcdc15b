-- governed
-- protected: governed
-- en: Gross margin by category and class, ranked within each level
-- zh: 按类别和子类的毛利率，并在各层级内排名
SELECT sum(ss_net_profit) / sum(ss_ext_sales_price) AS gross_margin, i_category, i_class,
  grouping(i_category) + grouping(i_class) AS lochierarchy,
  rank() OVER (
    PARTITION BY grouping(i_category) + grouping(i_class), CASE WHEN grouping(i_class) = 0 THEN i_category END
    ORDER BY sum(ss_net_profit) / sum(ss_ext_sales_price)
  ) AS rank_within_parent
FROM store_sales, date_dim d1, item, store
WHERE d1.d_year = 2001 AND d1.d_date_sk = ss_sold_date_sk AND i_item_sk = ss_item_sk AND s_store_sk = ss_store_sk
  AND s_state IN ('TN', 'GA', 'TX', 'OH')
GROUP BY ROLLUP (i_category, i_class)
ORDER BY lochierarchy DESC, i_category NULLS LAST, rank_within_parent, i_class NULLS LAST
LIMIT 100

import type * as N from "@notionhq/client/build/src/api-endpoints";
export interface Bundle {
  CreatePageParameters: N.CreatePageParameters; CreatePageResponse: N.CreatePageResponse;
  GetPageResponse: N.GetPageResponse; UpdatePageParameters: N.UpdatePageParameters; UpdatePageResponse: N.UpdatePageResponse;
  MovePageParameters: N.MovePageParameters; MovePageResponse: N.MovePageResponse;
  PageObjectResponse: N.PageObjectResponse;
  CreateDatabaseParameters: N.CreateDatabaseParameters; CreateDatabaseResponse: N.CreateDatabaseResponse;
  GetDatabaseResponse: N.GetDatabaseResponse; DatabaseObjectResponse: N.DatabaseObjectResponse;
  UpdateDatabaseParameters: N.UpdateDatabaseParameters; UpdateDatabaseResponse: N.UpdateDatabaseResponse;
  GetDataSourceResponse: N.GetDataSourceResponse; DataSourceObjectResponse: N.DataSourceObjectResponse;
  UpdateDataSourceParameters: N.UpdateDataSourceParameters; UpdateDataSourceResponse: N.UpdateDataSourceResponse;
  CreateDataSourceParameters: N.CreateDataSourceParameters; CreateDataSourceResponse: N.CreateDataSourceResponse;
  QueryDataSourceParameters: N.QueryDataSourceParameters; QueryDataSourceResponse: N.QueryDataSourceResponse;
  SearchParameters: N.SearchParameters; SearchResponse: N.SearchResponse;
  GetPagePropertyResponse: N.GetPagePropertyResponse;
  ListBlockChildrenResponse: N.ListBlockChildrenResponse; AppendBlockChildrenParameters: N.AppendBlockChildrenParameters;
  AppendBlockChildrenResponse: N.AppendBlockChildrenResponse;
  GetSelfResponse: N.GetSelfResponse; ListUsersResponse: N.ListUsersResponse;
}

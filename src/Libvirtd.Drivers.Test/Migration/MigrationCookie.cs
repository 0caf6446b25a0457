using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Libvirtd.Protocol;

namespace Libvirtd.Drivers.Test;

/// <summary>
/// What source and destination tell each other through the client: who migrates, from where, and the metadata of its snapshots, which libvirt's own
/// drivers lose.
/// </summary>
internal sealed record MigrationCookie
{
    private const int MostDepth = 8;

    public string Name { get; init; } = "";

    public Guid Uuid { get; init; }

    /// <summary>The documents of the snapshots, parents first.</summary>
    public string[] Snapshots { get; init; } = [];

    /// <summary>The current snapshot; null for none.</summary>
    public string? Current { get; init; }

    /// <summary>The disks whose contents go along.</summary>
    public MigratedDisk[] Disks { get; init; } = [];

    public byte[] Encode()
    {
        JsonObject root = new() { ["name"] = Name, ["uuid"] = Uuid.ToString("D") };
        if (Snapshots.Length > 0)
            root["snapshots"] = new JsonArray([.. Snapshots.Select(static one => (JsonNode?)JsonValue.Create(one))]);
        if (Current is not null)
            root["current"] = Current;
        if (Disks.Length > 0)
            root["disks"] = new JsonArray([.. Disks.Select(static one => (JsonNode?)one.ToJson())]);
        byte[] bytes = Encoding.UTF8.GetBytes(MonitorRequest.Format(root));
        return bytes.Length <= RemoteConstants.RemoteMigrateCookieMax
            ? bytes
            : throw VirException.Of(ErrorCode.OperationUnsupported, ErrorDomain.Test, "the snapshots' metadata is too large to migrate");
    }

    /// <summary>Reads a cookie; an empty one tells nothing.</summary>
    /// <exception cref="VirException">It is not ours.</exception>
    public static MigrationCookie? Decode(byte[] bytes)
    {
        if (bytes.Length == 0)
            return null;
        try
        {
            using JsonDocument document = JsonDocument.Parse(bytes, new JsonDocumentOptions { MaxDepth = MostDepth });
            JsonElement root = document.RootElement;
            return new MigrationCookie
            {
                Name = root.GetProperty("name").GetString()!,
                Uuid = root.GetProperty("uuid").GetGuid(),
                Snapshots = root.TryGetProperty("snapshots", out JsonElement list) ? [.. list.EnumerateArray().Select(static one => one.GetString()!)] : [],
                Disks = root.TryGetProperty("disks", out JsonElement disks) ? [.. disks.EnumerateArray().Select(MigratedDisk.Of)] : [],
                Current = root.TryGetProperty("current", out JsonElement current) ? current.GetString() : null,
            };
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            throw VirException.Internal(ErrorDomain.Test, "the migration cookie is not one of this driver's");
        }
    }
}

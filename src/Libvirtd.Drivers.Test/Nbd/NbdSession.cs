using System.Collections.Immutable;
using System.IO.Pipelines;

namespace Libvirtd.Drivers.Test;

/// <summary>One client of an NBD server. Exports are read only; whatever it does wrong ends its own connection and nothing else.</summary>
/// <param name="transport">The connection; its owner closes it.</param>
/// <param name="exports">The disks.</param>
internal sealed class NbdSession(IDuplexPipe transport, ImmutableArray<NbdExport> exports)
{
    private readonly NbdWire _wire = new(transport);

    /// <summary>Serves the client until it has enough, breaks the protocol, or goes away.</summary>
    /// <param name="patience">Ends when a client that has chosen no disk yet has had its time.</param>
    /// <param name="cancel">Ends the service.</param>
    /// <returns>Why it ended; null where the client said goodbye.</returns>
    public async Task<string?> ServeAsync(CancellationToken patience, CancellationToken cancel)
    {
        try
        {
            NbdTerms? terms;
            using (CancellationTokenSource both = CancellationTokenSource.CreateLinkedTokenSource(patience, cancel))
                terms = await new NbdHandshake(_wire, exports).NegotiateAsync(both.Token).ConfigureAwait(false);
            if (terms is not null)
                await new NbdTransmission(_wire, terms).ServeAsync(cancel).ConfigureAwait(false);
            return null;
        }
        catch (Exception e) when (e is NbdProtocolException or EndOfStreamException or IOException or ObjectDisposedException or OperationCanceledException)
        {
            return e.Message;
        }
        finally
        {
            await transport.Input.CompleteAsync().ConfigureAwait(false);
            await transport.Output.CompleteAsync().ConfigureAwait(false);
        }
    }
}
